// Command conformance serves what the official MCP conformance suite asks of a
// server, written on Tandem's own API, at /mcp of ADDR.
package main

import (
	"github.com/tandem-go/tandem/examples/conformance/fixtures"
	"github.com/tandem-go/tandem/server"
)

func main() { server.Main(fixtures.New()) }
