package stock

import (
	"context"
	"time"
)

// StatusQuery are the arguments of get_status: none.
type StatusQuery struct{}

// Status says what service this is and how it does.
type Status struct {
	Service       string `json:"service" doc:"Name of the service" example:"inventory-service"`
	Version       string `json:"version" doc:"Version of the service" example:"1.0.0"`
	UptimeSeconds int64  `json:"uptime_seconds" doc:"Seconds since this process started" minimum:"0" example:"3600"`
	Engine        string `json:"engine" doc:"Database engine" enum:"sqlite,postgres" example:"sqlite"`
	Products      int64  `json:"products" doc:"Number of products in the catalogue" minimum:"0" example:"500"`
}

// GetStatus tells what service this is and how it does.
func (inv *Inventory) GetStatus(ctx context.Context, _ StatusQuery) (Status, error) {
	products, err := inv.store.CountProducts(ctx)
	if err != nil {
		return Status{}, err
	}
	return Status{
		Service:       inv.service,
		Version:       inv.version,
		UptimeSeconds: int64(time.Since(inv.started) / time.Second),
		Engine:        inv.store.Engine(),
		Products:      products,
	}, nil
}
