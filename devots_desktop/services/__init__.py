"""The verbs that the window and the command line may call. No Qt: changes are told through plain callbacks."""
