import Core
import Gateway
import Glibc
import Journal
import LuaBridge
import Wire

/// The folder of strategies on a running host: a saved file is compiled beside the desk and swapped in
/// between two turns; a file that does not fit leaves the running version in place and is reported once.
final class ScriptShelf: @unchecked Sendable {
    // Unchecked: everything below `start` is touched by the loader's thread only.
    private let folder: ScriptFolder
    private let maker: ScriptMaker
    private let policy: ReloadPolicy
    private let post: @Sendable (Input, LoadedScript?) -> Void
    private let report: @Sendable (ScriptReport) -> Void
    private let tell: @Sendable (String) -> Void
    private var seen: [String: [UInt8]] = [:]
    private var gone: Set<String> = []
    private var handle: Int32 = -1
    private var wakePipe: (read: Int32, write: Int32) = (-1, -1)
    private var thread = pthread_t()
    private var running = false

    /// Saving an editor's file is several events: nothing is read until they have been quiet for so long, ms.
    static let quiet: Int32 = 150
    /// `SCHED_BATCH` of <sched.h>, which the overlay does not show.
    static let batchClass: Int32 = 3

    init(
        folder: ScriptFolder, maker: ScriptMaker, policy: ReloadPolicy,
        post: @escaping @Sendable (Input, LoadedScript?) -> Void,
        report: @escaping @Sendable (ScriptReport) -> Void, tell: @escaping @Sendable (String) -> Void
    ) {
        (self.folder, self.maker, self.policy) = (folder, maker, policy)
        (self.post, self.report, self.tell) = (post, report, tell)
    }

    /// What the desk starts with. Broken files are reported and the others run.
    func load() throws(ScriptReport) -> [Script] {
        // Watched before it is read: a save in between is seen.
        watch()
        let (packages, reports) = try folder.read()
        for problem in reports { report(problem) }
        var scripts: [Script] = []
        for package in packages {
            seen[package.name] = fingerprint(package)
            do throws(ScriptReport) { scripts.append(try maker.make(package)) } catch { report(error) }
        }
        return scripts
    }

    /// Starts the loader's thread, of the batch class and nice 5, with the stack a compiler may need.
    func start() {
        guard handle >= 0 else {
            return tell("The folder of strategies cannot be watched; `neap reload NAME` loads a saved file")
        }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        wakePipe = (ends[0], ends[1])
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, Desk.stackBytes)
        running =
            pthread_create(
                &thread, &attributes,
                { owner in
                    guard let owner else { return nil }
                    var parameter = sched_param()
                    sched_setscheduler(0, ScriptShelf.batchClass, &parameter)
                    // Of this thread alone on Linux.
                    setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
                    Unmanaged<ScriptShelf>.fromOpaque(owner).takeRetainedValue().work()
                    return nil
                }, Unmanaged.passRetained(self).toOpaque()) == 0
        pthread_attr_destroy(&attributes)
    }

    func stop() {
        if running {
            var byte: UInt8 = 0
            _ = write(wakePipe.write, &byte, 1)
            pthread_join(thread, nil)
            running = false
        }
        for file in [handle, wakePipe.read, wakePipe.write] where file >= 0 { close(file) }
        (handle, wakePipe) = (-1, (-1, -1))
    }

    /// An operator's `reload NAME`: read now, whatever the policy; from the console's thread.
    /// - Returns: what happened, for people.
    func reload(_ name: String) -> Result<String, ScriptReport> {
        do throws(ScriptReport) {
            guard let package = try folder.read().packages.first(where: { $0.name == name }) else {
                throw ScriptReport(place: name + ".lua", message: "no such file in \(folder.path)")
            }
            let script = try maker.make(package)
            post(.swap(StoredScript(script), ProbationTerms(), inShadow: false), LoadedScript(script))
            return .success("\(name): version \(script.contract.version.prefix(12)) takes over")
        } catch { return .failure(error) }
    }

    private func watch() {
        handle = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard handle >= 0 else { return }
        let events = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)
        if inotify_add_watch(handle, folder.path, events | UInt32(IN_CREATE)) < 0 {
            close(handle)
            handle = -1
        }
        inotify_add_watch(handle, folder.path + "/lib", events)
    }

    private func work() {
        var waiting: Int32 = -1
        while true {
            var polled = [
                pollfd(fd: handle, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wakePipe.read, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&polled, 2, waiting)
            if polled[1].revents != 0 { return }
            if ready > 0 {
                var buffer = [UInt8](repeating: 0, count: 8192)
                while read(handle, &buffer, buffer.count) > 0 {}
                // A folder of includes made after the start.
                inotify_add_watch(
                    handle, folder.path + "/lib",
                    UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE))
                waiting = Self.quiet
            } else if ready == 0 {
                waiting = -1
                look()
            }
        }
    }

    /// Compares the folder with what was seen last and acts on the differences.
    private func look() {
        let packages: [ScriptPackage]
        do throws(ScriptReport) {
            let found = try folder.read()
            packages = found.packages
            for problem in found.reports where unseen(problem) { report(problem) }
        } catch { return report(error) }
        for name in seen.keys.sorted() where !packages.contains(where: { $0.name == name }) {
            guard gone.insert(name).inserted else { continue }
            tell("\(name).lua is gone: no entries, exits go on with the last good version")
            post(.order(.missing(name, true)), nil)
        }
        for package in packages {
            if gone.remove(package.name) != nil { post(.order(.missing(package.name, false)), nil) }
            let print = fingerprint(package)
            guard seen[package.name] != print else { continue }
            seen[package.name] = print
            take(package)
        }
    }

    private func take(_ package: ScriptPackage) {
        do throws(ScriptReport) {
            let script = try maker.make(package)
            for parameter in script.contract.parameters
            where parameter.origin != .script && parameter.scriptDefault != parameter.value {
                tell(
                    "\(package.name): \(parameter.name) = \(parameter.scriptDefault.text) is masked by "
                        + "\(parameter.variable)=\(parameter.value.text) (\(parameter.origin.rawValue))")
            }
            guard policy == .auto else {
                return tell(
                    "\(package.name): version \(script.contract.version.prefix(12)) is ready; "
                        + "`neap reload \(package.name)` lets it take over")
            }
            post(.swap(StoredScript(script), ProbationTerms(), inShadow: false), LoadedScript(script))
        } catch { report(error) }
    }

    private var reported: Set<String> = []
    private func unseen(_ problem: ScriptReport) -> Bool { reported.insert(problem.description).inserted }

    private func fingerprint(_ package: ScriptPackage) -> [UInt8] {
        package.library.reduce(package.source) { $0 + [0] + Array($1.name.utf8) + [0] + $1.bytes }
    }
}
