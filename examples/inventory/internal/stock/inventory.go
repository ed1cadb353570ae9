// Package stock is the domain of the inventory service: products, what of them
// lies in which warehouse, and the movements between. It knows nothing of how it
// is called or stored; of Tandem it uses the error type alone.
package stock

import (
	"context"
	"crypto/rand"
	"time"
)

// DefaultStepDelay is how long a recount takes per step if nothing else is said.
const DefaultStepDelay = 200 * time.Millisecond

// Config configures an [Inventory].
type Config struct {
	Service string // the service's name, as get_status tells it
	Version string // the service's version, as get_status tells it

	// CursorKey signs the cursors of list_products; every replica needs the same.
	// Empty means a random key, so that cursors end with the process.
	CursorKey []byte
	// StepDelay is how long a recount takes per step; zero means DefaultStepDelay,
	// a negative one means no delay.
	StepDelay time.Duration
	// Changed is told the SKU of a product after its stock has changed; nil means
	// that nobody is.
	Changed func(sku string)
	// ConfirmWriteOff asks for a go-ahead before a large write-off, whose error ends
	// the adjustment before it changes anything; nil means that nobody is asked.
	ConfirmWriteOff func(context.Context, WriteOff) error
	// Progress receives how far a long operation has come; nil means nobody does.
	Progress ProgressFunc
}

// ProgressFunc receives how far the call of ctx has come: done of total.
type ProgressFunc func(ctx context.Context, done, total float64, message string)

// Inventory is the service's domain; its methods are the operations. It is safe
// for concurrent use.
type Inventory struct {
	store     Store
	service   string
	version   string
	started   time.Time
	cursors   cursorSigner
	stepDelay time.Duration
	changed   func(sku string)
	confirm   func(context.Context, WriteOff) error
	progress  ProgressFunc
}

// New returns an inventory kept in store.
func New(store Store, cfg Config) *Inventory {
	inv := &Inventory{
		store:     store,
		service:   cfg.Service,
		version:   cfg.Version,
		started:   time.Now(),
		cursors:   cursorSigner{key: cfg.CursorKey},
		stepDelay: cfg.StepDelay,
		changed:   cfg.Changed,
		confirm:   cfg.ConfirmWriteOff,
		progress:  cfg.Progress,
	}
	if len(inv.cursors.key) == 0 {
		inv.cursors.key = []byte(rand.Text())
	}
	if inv.stepDelay == 0 {
		inv.stepDelay = DefaultStepDelay
	}
	if inv.changed == nil {
		inv.changed = func(string) {}
	}
	if inv.confirm == nil {
		inv.confirm = func(context.Context, WriteOff) error { return nil }
	}
	if inv.progress == nil {
		inv.progress = func(context.Context, float64, float64, string) {}
	}
	return inv
}
