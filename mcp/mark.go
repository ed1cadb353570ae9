package mcp

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"

	"github.com/tandem-go/tandem"
)

// The name of a call's stream says at its end, by a mark, what is called, so that
// whoever comes back to it is judged by that as well. Nobody can make up the name
// of a stream that there is.
const (
	markLength   = 8
	streamLength = 12 // of what goes before it
)

// markOf returns the mark of an operation, the same at every replica.
func markOf(op *tandem.Registered) string {
	digest := sha256.Sum256([]byte(op.Kind() + " " + op.Name))
	return base32.StdEncoding.EncodeToString(digest[:])[:markLength]
}

// newStream names the stream of a call of the message.
func (d *Door) newStream(ctx context.Context, m *message) string {
	name := rand.Text()[:streamLength]
	t, err := d.target(ctx, m)
	if err != nil || t.op == nil {
		return name
	}
	c, err := d.catalog()
	if err != nil {
		return name
	}
	return name + c.marks[t.op]
}

// mayResume reports as an error why the caller of ctx may not go on with a stream of
// its session: its token must be good for the call whose output that is. To one from
// whom the call is hidden, or of something that there is not any more, the stream is
// none.
func (d *Door) mayResume(ctx context.Context, stream string) error {
	if len(stream) <= streamLength {
		return nil
	}
	c, err := d.catalog()
	if err != nil {
		return err
	}
	op := c.marked[stream[streamLength:]]
	if op == nil || !c.shows(ctx, op) {
		return errNotKept
	}
	if !d.holds(tandem.PrincipalFrom(ctx), op) {
		return refuseAll(ctx, []*tandem.Call{refusedCall(op)})
	}
	return op.Authorize(ctx)
}

var errNotKept = invalidRequest("the stream of this Last-Event-ID is not kept any more")
