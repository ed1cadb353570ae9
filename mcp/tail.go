package mcp

import (
	"context"
	"errors"
	"time"

	"github.com/tandem-go/tandem/session"
)

// tailPage is how many events are read from a log at once.
const tailPage = 64

// tail follows a stream of a session.
type tail struct {
	door    *Door
	session string
	stream  string
	after   uint64 // number of the last event that was sent
	// send hands on events, in order.
	send func(events []session.Event) error
	// until ends the tail once everything is sent; nil means never.
	until <-chan struct{}
	// tell is called when news come; nil for a stream that has none.
	news <-chan struct{}
	tell func(ctx context.Context) error
}

// errEnding is the end of a tail by its until.
var errEnding = errors.New("mcp: the stream ends here")

// errGap is a log that does not reach back to where a tail was to begin.
var errGap = errors.New("mcp: the log does not reach back")

// run sends what is in the stream and what comes, until the stream ends (nil),
// the session does (session.ErrNotFound), until ends it (errEnding), ctx does, or
// send fails.
func (t *tail) run(ctx context.Context) error {
	wake := make(chan struct{}, 1)
	stop := t.door.store.Watch(t.session, t.stream, wake)
	defer stop()
	tick := time.NewTicker(t.door.cfg.Heartbeat) // engines lose wakes
	defer tick.Stop()
	for {
		ended, err := t.catchUp(ctx)
		if ended || err != nil {
			return err
		}
		select {
		case <-wake:
		case <-tick.C:
		case <-t.news:
			if err := t.tell(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-t.until:
			if ended, err := t.catchUp(ctx); ended || err != nil {
				return err
			}
			return errEnding
		}
	}
}

// catchUp sends everything that is in the stream, and reports whether that is all
// there will be.
func (t *tail) catchUp(ctx context.Context) (ended bool, err error) {
	for {
		page, err := t.door.store.Read(ctx, t.session, t.stream, t.after, tailPage)
		if errors.Is(err, session.ErrTrimmed) {
			return false, errGap
		}
		if err != nil && ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		if err != nil {
			return false, err
		}
		if len(page.Events) > 0 {
			if err := t.send(page.Events); err != nil {
				return false, err
			}
			t.after = page.Events[len(page.Events)-1].N
		}
		if page.Ended && t.stream != session.Standing {
			return true, nil
		}
		if t.after >= page.Last {
			return false, nil
		}
	}
}
