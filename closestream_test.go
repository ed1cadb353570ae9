package tandem_test

import (
	"context"
	"testing"

	"github.com/tandem-go/tandem"
)

// CloseStream reaches the door of the call, and nobody where there is none.
func TestCloseStream(t *testing.T) {
	tandem.CloseStream(context.Background())
	ended := 0
	ctx := tandem.WithCloseStream(t.Context(), func() { ended++ })
	tandem.CloseStream(ctx)
	if ended != 1 {
		t.Errorf("ended %d times", ended)
	}
}
