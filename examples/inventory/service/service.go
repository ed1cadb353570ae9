// Package service wires the inventory's domain, its database and its operations
// into a Tandem service.
package service

import (
	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/examples/inventory/internal/stock"
	"github.com/tandem-go/tandem/examples/inventory/internal/store"
)

// Name and Version are what the service calls itself.
const (
	Name    = "inventory-service"
	Version = "1.0.0"
)

// The scopes that the operations need. Whoever may write the inventory may read it.
const (
	ReadInventory  = "inventory:read"
	WriteInventory = "inventory:write"
	ReadUsers      = "users:read"
)

// New returns the inventory service. It connects to the database when it is
// started; the error is about cfg.
func New(cfg Config) (*tandem.Service, error) {
	db, err := store.Open(cfg.databaseURL(), store.Options{PoolMin: cfg.PoolMin, PoolMax: cfg.PoolMax})
	if err != nil {
		return nil, err
	}
	svc := tandem.New(Name, Version)
	inv := stock.New(db, stock.Config{
		Service:         Name,
		Version:         Version,
		CursorKey:       []byte(cfg.CursorKey.Reveal()),
		StepDelay:       cfg.RecountDelay,
		Progress:        tandem.Progress,
		ConfirmWriteOff: confirmWriteOff,
		Changed:         func(sku string) { svc.ResourceUpdated(productURI + sku) },
	})
	svc.Info = tandem.Info{
		Title:       "Inventory",
		Description: "Products, what of them lies in which warehouse, and the movements between. The reference service of Tandem.",
		Instructions: "Find SKUs with list_products. query_product tells what one warehouse has of a product, get_product what all have. " +
			"adjust_stock moves stock and never lets it fall below zero; it asks before it writes off more than 100 damaged units. " +
			"recount_stock takes some seconds. Each product is also a resource, inventory://products/{sku}, whose subscribers hear when its stock changes.",
		ContactName: "Tandem",
		ContactURL:  "https://github.com/tandem-go/tandem",
		License:     "MIT",
	}
	svc.Manage("db", db)
	svc.ImplyScopes(WriteInventory, ReadInventory)
	register(svc, inv)
	registerPrompts(svc, inv)
	return svc, nil
}
