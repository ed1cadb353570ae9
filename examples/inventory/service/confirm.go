package service

import (
	"context"
	"fmt"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/examples/inventory/internal/stock"
)

// confirmation is the form that somebody fills in before a large write-off.
type confirmation struct {
	Confirm bool `json:"confirm" title:"Write off" doc:"Whether the units are to be written off"`
}

// confirmWriteOff asks the caller, who may be one that cannot be asked: then the
// write-off goes on without.
func confirmWriteOff(ctx context.Context, w stock.WriteOff) error {
	var form confirmation
	question := tandem.Form(fmt.Sprintf("Write off %d units of %s in warehouse %q as damaged?", w.Units, w.SKU, w.WarehouseID), &form)
	if !tandem.CanAsk(ctx, question) {
		return nil
	}
	if err := tandem.Ask(ctx, question); err != nil {
		return err
	}
	if !form.Confirm {
		return stock.NotConfirmed(w)
	}
	return nil
}
