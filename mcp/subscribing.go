package mcp

import (
	"context"
	"slices"

	"github.com/tandem-go/tandem/session"
)

// The methods by which a legacy client says what it wants to be told.
const (
	methodSetLevel    = "logging/setLevel"
	methodSubscribe   = "resources/subscribe"
	methodUnsubscribe = "resources/unsubscribe"
	methodListen      = "subscriptions/listen" // and a modern one
)

// update changes the record of the session of a request.
func (d *Door) update(ctx context.Context, x *exchange, change func(*session.Record) error) error {
	if x.update != nil {
		return x.update(change)
	}
	return d.store.Update(ctx, x.record.ID, change)
}

// setLevel serves logging/setLevel.
func (d *Door) setLevel(ctx context.Context, dst []byte, x *exchange) ([]byte, error) {
	name, _ := text(x.msg.params.level)
	if _, ok := logLevel(name); !ok {
		return dst, invalidParams(`"level" must be a log level`)
	}
	err := d.update(ctx, x, func(r *session.Record) error {
		r.LogLevel = name
		return nil
	})
	return append(dst, "{}"...), err
}

// subscribe serves resources/subscribe.
func (d *Door) subscribe(ctx context.Context, dst []byte, x *exchange) ([]byte, error) {
	t, uri, err := d.uriOf(ctx, x)
	if err != nil {
		return dst, err
	}
	if err := watchable(ctx, x, uri, t.resource, t.beyond); err != nil {
		return dst, err
	}
	err = d.update(ctx, x, func(r *session.Record) error {
		if slices.Contains(r.Subscriptions, uri) {
			return nil
		}
		more := append(slices.Clone(r.Subscriptions), uri)
		if tooMany(more) {
			return invalidParams("the session has too many subscriptions")
		}
		r.Subscriptions = more
		return nil
	})
	return append(dst, "{}"...), err
}

// unsubscribe serves resources/unsubscribe. What was not subscribed to is none.
func (d *Door) unsubscribe(ctx context.Context, dst []byte, x *exchange) ([]byte, error) {
	uri, ok := text(x.msg.params.uri)
	if !ok {
		return dst, invalidParams(`"uri" must be a string`)
	}
	err := d.update(ctx, x, func(r *session.Record) error {
		r.Subscriptions = slices.DeleteFunc(r.Subscriptions, func(s string) bool { return s == uri })
		return nil
	})
	return append(dst, "{}"...), err
}

// resultOfSession serves the methods that change what the client of a legacy
// session is told.
func (d *Door) resultOfSession(ctx context.Context, dst []byte, x *exchange) ([]byte, error) {
	switch string(x.msg.method) {
	case methodSetLevel:
		return d.setLevel(ctx, dst, x)
	case methodSubscribe:
		return d.subscribe(ctx, dst, x)
	case methodUnsubscribe:
		return d.unsubscribe(ctx, dst, x)
	}
	return dst, methodNotFound(x.msg.method)
}
