from devots_desktop.app import main

raise SystemExit(main())
