import CMalloc

/// How this process keeps memory.
package enum ProcessMemory {
    /// Large blocks have pages of their own and give them back when they are freed. Left to itself, malloc
    /// raises that bound to the largest block it has seen freed, and what rehearsals free then stays in its
    /// heaps, between what lives on.
    package static func givesBackWhatIsFreed() { _ = mallopt(M_MMAP_THRESHOLD, 128 << 10) }
}
