package mcp

import (
	"context"
	"errors"
	"time"
)

// Stats are a door's figures at one time.
type Stats struct {
	Sessions int `json:"sessions"`  // legacy sessions; -1 if the store does not count them
	Streams  int `json:"streams"`   // standing streams open at this replica
	InFlight int `json:"in_flight"` // requests that this replica serves now
}

// Stats returns the door's figures.
func (d *Door) Stats() Stats {
	sessions := -1
	if counter, ok := d.store.(interface{ Sessions() int }); ok {
		sessions = counter.Sessions()
	}
	return Stats{Sessions: sessions, Streams: d.streams.total(), InFlight: d.gate.inFlight()}
}

// Drain prepares the end: new requests, sessions and streams are refused with 503
// and Retry-After, requests in flight are finished, then the streams are ended
// with the advice to come back. It returns the context's error if that came
// first. Notifications are still heard, so that calls can be cancelled.
func (d *Door) Drain(ctx context.Context) error {
	d.refuse()
	err := d.gate.wait(ctx)
	d.endDrain()
	return errors.Join(err, d.standing.wait(ctx))
}

// refuse lets nothing new in, and ends the streams that wait for no answer.
func (d *Door) refuse() {
	d.gate.shut()
	d.standing.shut()
	d.beginDrain()
}

// Close ends the door: it cancels the calls of sessions that are in flight, ends
// the streams and waits for both, at most as long as a write may take. It closes
// the store if that is the door's own. Drain comes before it if calls are to be
// finished.
func (d *Door) Close() error {
	d.refuse()
	d.running.close()
	d.stopNews()
	d.endLife()
	ctx, cancel := context.WithTimeout(context.Background(), d.cfg.WriteTimeout)
	defer cancel()
	err := d.gate.wait(ctx)
	d.endDrain()
	err = errors.Join(err, d.standing.wait(ctx))
	d.background.Wait()
	d.stopListening()
	if d.ownStore {
		err = errors.Join(err, d.store.Close())
	}
	return err
}

// sweep removes idle sessions until the door closes.
func (d *Door) sweep() {
	defer d.background.Done()
	tick := time.NewTicker(d.cfg.SweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-d.life.Done():
			return
		case <-tick.C:
			_, err := d.store.Sweep(d.life)
			if err = errors.Join(err, d.dropAbandoned(d.life)); err != nil && d.life.Err() == nil {
				d.logger().WarnContext(d.life, "mcp: sweep of idle sessions", "error", err)
			}
		}
	}
}
