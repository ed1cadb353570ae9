// Command inventory is the reference service of Tandem: an inventory, served as a
// REST API and as an MCP server. Without any set-up it keeps its data in the file
// inventory.db of the working folder, which it creates and fills.
//
// It reads the environment: DATABASE_URL, DB_POOL_MIN, DB_POOL_MAX, CURSOR_KEY and
// RECOUNT_DELAY (see package service), and what server.Main reads. DATABASE_URL_FILE
// and CURSOR_KEY_FILE name files that hold these two.
package main

import (
	"fmt"
	"os"

	"github.com/tandem-go/tandem/examples/inventory/service"
	"github.com/tandem-go/tandem/server"
	"github.com/tandem-go/tandem/session"
	"github.com/tandem-go/tandem/session/pgstore"
	"github.com/tandem-go/tandem/session/redisstore"
)

func main() {
	cfg, err := service.FromEnv(os.LookupEnv)
	if err != nil {
		fmt.Fprintln(os.Stderr, "inventory:", err)
		os.Exit(2)
	}
	svc, err := service.New(cfg)
	if err != nil {
		fmt.Fprintln(os.Stderr, "inventory:", err)
		os.Exit(2)
	}
	server.Main(svc, func(c *server.Config) {
		c.Usage = service.Usage
		c.StateDrivers = []session.Driver{redisstore.Driver(), pgstore.Driver()}
	})
}
