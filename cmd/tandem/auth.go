package main

// authCommand are the commands for credentials of every kind.
type authCommand struct {
	Explain authExplain `cmd:"" help:"Say who takes a token, what it may do, and why a call would pass or fail."`
}
