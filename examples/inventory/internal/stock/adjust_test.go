package stock

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-go/tandem"
)

// shelf is a store with one product, which says what was done to it.
type shelf struct {
	Store
	booked int64
	events []string
}

func (s *shelf) Booked(context.Context, string, string) (int64, error) { return s.booked, nil }

func (s *shelf) Adjust(_ context.Context, a Adjustment) (AdjustmentResult, error) {
	if s.booked+a.Delta < 0 {
		return AdjustmentResult{}, Shortage(a, s.booked)
	}
	s.booked += a.Delta
	s.events = append(s.events, "adjusted")
	return AdjustmentResult{Quantity: s.booked}, nil
}

// TestConfirmWriteOff protects that only a large write-off that can be made is
// asked for, before anything changes, and that changes are told after they are made.
func TestConfirmWriteOff(t *testing.T) {
	refused := errors.New("refused")
	for _, c := range []struct {
		name   string
		delta  int64
		reason string
		answer error
		want   []string
	}{
		{"confirmed", -101, "damage", nil, []string{"asked", "adjusted", "told"}},
		{"refused", -101, "damage", refused, []string{"asked"}},
		{"small", -100, "damage", refused, []string{"adjusted", "told"}},
		{"sold", -150, "sale", refused, []string{"adjusted", "told"}},
		{"found again", 150, "damage", refused, []string{"adjusted", "told"}},
		{"more than there is", -201, "damage", nil, nil},
	} {
		s := &shelf{booked: 200}
		inv := New(s, Config{
			Changed: func(sku string) { s.events = append(s.events, "told") },
			ConfirmWriteOff: func(_ context.Context, w WriteOff) error {
				if w != (WriteOff{SKU: "A", WarehouseID: "east", Units: -c.delta}) {
					t.Errorf("%s: asked for %+v", c.name, w)
				}
				s.events = append(s.events, "asked")
				return c.answer
			},
		})
		_, err := inv.AdjustStock(t.Context(), Adjustment{SKU: "A", WarehouseID: "east", Delta: c.delta, Reason: c.reason})
		if diff := cmp.Diff(c.want, s.events); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		if done := slices.Contains(c.want, "adjusted"); done != (err == nil) {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.delta == -201 && tandem.CodeOf(err) != tandem.FailedPrecondition {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
