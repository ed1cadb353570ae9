package server

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-go/tandem/session"
)

// observedStore measures each step of the shared state.
type observedStore struct {
	session.Store
	steps   *prometheus.HistogramVec
	backlog prometheus.Histogram
}

func newObservedStore(s session.Store, r prometheus.Registerer) *observedStore {
	o := &observedStore{
		Store: s,
		steps: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "tandem_state_operation_duration_seconds",
			Help:    `Time of steps on the state that replicas share, by operation and outcome: "ok", "refused", "unavailable", "cancelled" or "error".`,
			Buckets: durationBuckets,
		}, []string{"operation", "outcome"}),
		backlog: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "tandem_state_backlog_events",
			Help:    "Events of a stream that its reader had not read yet, at each read.",
			Buckets: []float64{0, 1, 2, 5, 10, 25, 50, 100, 250, 500, 1000},
		}),
	}
	r.MustRegister(o.steps, o.backlog)
	return o
}

// Sessions returns how many sessions there are, or -1 if the store does not count them.
func (o *observedStore) Sessions() int {
	if counter, ok := o.Store.(interface{ Sessions() int }); ok {
		return counter.Sessions()
	}
	return -1
}

// observe counts a step that began at the time.
func (o *observedStore) observe(operation string, begun time.Time, err error) {
	o.steps.WithLabelValues(operation, stepOutcome(err)).Observe(time.Since(begun).Seconds())
}

// stepOutcome tells what the contract provides for from what is the engine's failure.
func stepOutcome(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, session.ErrUnavailable):
		return "unavailable"
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "cancelled"
	}
	for _, refusal := range []error{
		session.ErrNotFound, session.ErrExists, session.ErrBound, session.ErrTooMany, session.ErrFull, session.ErrReused,
		session.ErrFenced, session.ErrTrimmed, session.ErrNotRunning, session.ErrClosed,
	} {
		if errors.Is(err, refusal) {
			return "refused"
		}
	}
	return "error"
}

func (o *observedStore) Create(ctx context.Context, r session.Record) (err error) {
	begun := time.Now()
	err = o.Store.Create(ctx, r)
	o.observe("create", begun, err)
	return err
}

func (o *observedStore) Load(ctx context.Context, id string) (session.Record, error) {
	begun := time.Now()
	r, err := o.Store.Load(ctx, id)
	o.observe("load", begun, err)
	return r, err
}

// Update counts an error of change as the step's.
func (o *observedStore) Update(ctx context.Context, id string, change func(*session.Record) error) error {
	begun := time.Now()
	err := o.Store.Update(ctx, id, change)
	o.observe("update", begun, err)
	return err
}

func (o *observedStore) Touch(ctx context.Context, id string) error {
	begun := time.Now()
	err := o.Store.Touch(ctx, id)
	o.observe("touch", begun, err)
	return err
}

func (o *observedStore) Delete(ctx context.Context, id string) error {
	begun := time.Now()
	err := o.Store.Delete(ctx, id)
	o.observe("delete", begun, err)
	return err
}

func (o *observedStore) Sweep(ctx context.Context) (int, error) {
	begun := time.Now()
	n, err := o.Store.Sweep(ctx)
	o.observe("sweep", begun, err)
	return n, err
}

func (o *observedStore) Begin(ctx context.Context, c session.CallStart) (session.Begun, error) {
	begun := time.Now()
	b, err := o.Store.Begin(ctx, c)
	o.observe("begin", begun, err)
	return b, err
}

func (o *observedStore) Append(ctx context.Context, out session.Output, messages ...[]byte) (uint64, error) {
	begun := time.Now()
	n, err := o.Store.Append(ctx, out, messages...)
	o.observe("append", begun, err)
	return n, err
}

func (o *observedStore) Take(ctx context.Context, t session.Takeover) (session.Call, error) {
	begun := time.Now()
	c, err := o.Store.Take(ctx, t)
	o.observe("take", begun, err)
	return c, err
}

func (o *observedStore) Calls(ctx context.Context, id string) ([]session.Call, error) {
	begun := time.Now()
	calls, err := o.Store.Calls(ctx, id)
	o.observe("calls", begun, err)
	return calls, err
}

func (o *observedStore) Orphans(ctx context.Context, most int) ([]session.Orphan, error) {
	begun := time.Now()
	orphans, err := o.Store.Orphans(ctx, most)
	o.observe("orphans", begun, err)
	return orphans, err
}

func (o *observedStore) Read(ctx context.Context, id, stream string, after uint64, most int) (session.Page, error) {
	begun := time.Now()
	page, err := o.Store.Read(ctx, id, stream, after, most)
	o.observe("read", begun, err)
	if err == nil && most > 0 && page.Last >= after {
		o.backlog.Observe(float64(page.Last - after))
	}
	return page, err
}

func (o *observedStore) Notify(ctx context.Context, s session.Signal) error {
	begun := time.Now()
	err := o.Store.Notify(ctx, s)
	o.observe("notify", begun, err)
	return err
}
