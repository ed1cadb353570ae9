package mcp

import (
	"context"

	"github.com/tandem-go/tandem/session"
)

// initialRecord returns the record of the session that an initialize request
// opens; its transport is for the caller to set.
func initialRecord(m *message) (session.Record, error) {
	wanted, ok := text(m.params.version)
	switch {
	case !ok:
		return session.Record{}, invalidParams(`"protocolVersion" must be a string`)
	case m.params.abilities != nil && !isObject(m.params.abilities):
		return session.Record{}, invalidParams(`"capabilities" must be an object`)
	case m.params.client != nil && !isObject(m.params.client):
		return session.Record{}, invalidParams(`"clientInfo" must be an object`)
	}
	r := session.Record{ProtocolVersion: negotiate(wanted)}
	describeClient(&r, m)
	return r, nil
}

// describeClient copies what the client said of itself: the message's bytes are
// used again.
func describeClient(r *session.Record, m *message) {
	r.ClientInfo = append([]byte(nil), m.params.client...)
	r.Capabilities = append([]byte(nil), m.params.abilities...)
}

// initializeAnswer returns the response to an initialize request.
func (d *Door) initializeAnswer(ctx context.Context, m *message, revision string) []byte {
	s, err := d.sight(ctx)
	if err != nil {
		return appendRPCError(nil, m.id, d.fault(ctx, err))
	}
	return append(d.appendInitialize(appendResultHead(nil, m.id), s.has(ctx), revision), '}')
}

// notice acts on a notification of a legacy client. Those that mean nothing to a
// server are taken and dropped.
func (d *Door) notice(ctx context.Context, record *session.Record, m *message) error {
	switch string(m.method) {
	case methodInitialized:
		if record.Initialized {
			return d.store.Touch(ctx, record.ID)
		}
		return d.store.Update(ctx, record.ID, func(r *session.Record) error {
			r.Initialized = true
			return nil
		})
	case methodCancelled:
		return d.cancel(ctx, record.ID, m)
	}
	return d.store.Touch(ctx, record.ID)
}

// cancel tells whoever runs the call. An unknown call is none that can be
// cancelled, and the notification is ignored: 2025-11-25, section "Cancellation".
func (d *Door) cancel(ctx context.Context, id string, m *message) error {
	if !isToken(m.params.requestID) {
		return nil
	}
	err := d.store.Notify(ctx, session.Signal{Session: id, Call: callKey(m.params.requestID), Kind: signalCancel})
	return ignore(err, session.ErrNotRunning)
}
