import Host

Neap.main()
