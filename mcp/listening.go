package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/tandem-go/tandem"
)

// maxSubscriptions bounds the resources of one subscription, and those that one
// session is subscribed to; maxSubscribed their URIs together, in bytes.
const (
	maxSubscriptions = 1000
	maxSubscribed    = 128 << 10
	// maxListen bounds the request that opens a stream of changes, in bytes.
	maxListen = 2 * maxSubscribed
)

// tooMany reports whether one client may not be subscribed to so much.
func tooMany(uris []string) bool {
	size := 0
	for _, uri := range uris {
		size += len(uri)
	}
	return len(uris) > maxSubscriptions || size > maxSubscribed
}

// subscriptionFilter is the SubscriptionFilter of 2026-07-28.
type subscriptionFilter struct {
	Tools     bool     `json:"toolsListChanged,omitempty"`
	Prompts   bool     `json:"promptsListChanged,omitempty"`
	Resources bool     `json:"resourcesListChanged,omitempty"`
	URIs      []string `json:"resourceSubscriptions,omitempty"`
}

// listen serves subscriptions/listen, 2026-07-28, section "Subscriptions": the
// acknowledgment first, then what changes, until the client goes or the door
// drains, which is the only way to a result.
func (d *Door) listen(ctx context.Context, dst []byte, x *exchange) ([]byte, error) {
	if x.out == nil {
		return dst, &rpcError{code: codeInvalidRequest, message: "the client must accept text/event-stream", status: http.StatusNotAcceptable}
	}
	honored, err := d.honored(ctx, x)
	if err != nil {
		return dst, err
	}
	principal := tandem.PrincipalFrom(ctx).Key()
	if err := d.streams.open(principal); err != nil {
		return dst, d.storeFault(ctx, err)
	}
	defer d.streams.close(principal)
	l := d.audience.join("", honored.filter())
	defer d.audience.leave(l)
	return d.follow(ctx, dst, x, l, honored)
}

// errListenerGone is the end of a subscription whose client has left, which
// nobody reads.
var errListenerGone = &rpcError{code: codeInternal, message: "the client has gone"}

func (d *Door) follow(ctx context.Context, dst []byte, x *exchange, l *listener, honored subscriptionFilter) ([]byte, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if o, ok := x.out.(interface{ onLost(func()) }); ok {
		o.onLost(func() { cancel(errStreamClosed) })
	}
	members, err := json.Marshal(honored)
	if err != nil {
		return dst, err
	}
	id := slices.Clone(x.msg.id)
	x.out.notify(notice(noticeListening, id, append([]byte(`"notifications":`), members...)))
	for {
		select {
		case <-l.wake:
			c := l.take()
			if err := d.keepReadable(ctx, &c); err != nil {
				return dst, err
			}
			for _, n := range c.notices(id) {
				x.out.notify(n)
			}
			continue
		case <-ctx.Done():
			if !errors.Is(context.Cause(ctx), errCredentialsEnded) {
				return dst, errListenerGone
			}
		case <-x.until:
		case <-d.draining:
		}
		x.out.notify(notice(methodCancelled, id, append([]byte(`"requestId":`), id...)))
		return d.appendListenResult(dst, id), nil
	}
}

// appendListenResult appends a SubscriptionsListenResult.
func (d *Door) appendListenResult(dst, id []byte) []byte {
	dst = append(dst, `{"resultType":"complete","_meta":{"`+metaSubscription+`":`...)
	dst = append(append(dst, id...), `,"`+metaServer+`":`...)
	return append(append(dst, d.serverInfo...), "}}"...)
}

// listening is what a request to listen is about.
type listening struct {
	wanted    subscriptionFilter
	resources []*tandem.RegisteredResource // those of the URIs that are wanted, nil for what the caller does not see
}

// listening reads a request to listen; nil if it is not well formed.
func (s sight) listening(ctx context.Context, m *message) *listening {
	wanted, err := wantedBy(m)
	if err != nil {
		return nil
	}
	l := &listening{wanted: wanted}
	for _, uri := range wanted.URIs {
		r, _ := s.resource(ctx, uri)
		l.resources = append(l.resources, r)
	}
	return l
}

// wantedBy returns the filter of a request. The error is a *rpcError.
func wantedBy(m *message) (wanted subscriptionFilter, err error) {
	switch {
	case len(m.raw) > maxListen:
		return wanted, invalidParams(fmt.Sprintf("the request is longer than %d bytes, and would be kept as long as its stream", maxListen))
	case !isObject(m.params.filter):
		return wanted, invalidParams(`"notifications" must be an object`)
	case json.Unmarshal(m.params.filter, &wanted) != nil:
		return wanted, invalidParams(`"notifications" is not a filter`)
	case tooMany(wanted.URIs):
		return wanted, invalidParams("the filter has too many resources")
	}
	return wanted, nil
}

// honored returns what of the filter of a request the service has and the caller
// may know of. The error is a *rpcError.
func (d *Door) honored(ctx context.Context, x *exchange) (honored subscriptionFilter, err error) {
	t, err := d.target(ctx, x.msg)
	if err != nil {
		return honored, err
	}
	if t.listening == nil {
		_, err := wantedBy(x.msg)
		return honored, err
	}
	s, err := d.sight(ctx)
	if err != nil {
		return honored, err
	}
	has := s.has(ctx)
	honored = t.listening.wanted
	honored.Prompts = honored.Prompts && has.prompts
	honored.Resources = honored.Resources && has.resources
	honored.URIs = nil
	for i, uri := range t.listening.wanted.URIs {
		if watchable(ctx, x, uri, t.listening.resources[i], s.beyond().resources) == nil {
			honored.URIs = append(honored.URIs, uri)
		}
	}
	return honored, nil
}

func (f *subscriptionFilter) filter() filter {
	out := filter{tools: f.Tools, resources: f.Resources, prompts: f.Prompts, uris: map[string]struct{}{}}
	for _, uri := range f.URIs {
		out.uris[uri] = struct{}{}
	}
	return out
}

// keepReadable drops the updates of what the caller of ctx may not read, by the
// token of its stream and by what policies say now.
func (d *Door) keepReadable(ctx context.Context, c *changes) error {
	if len(c.updated.all) == 0 {
		return nil
	}
	s, err := d.sight(ctx)
	if err != nil {
		return err
	}
	c.updated.drop(func(uri string) bool {
		r, _ := s.resource(ctx, uri)
		if r == nil {
			return s.catalog.hides && !s.beyond().resources // what was removed is told of
		}
		return r.Operation().Authorize(ctx) != nil
	})
	return nil
}

// watchable reports as an error of the protocol why the caller cannot subscribe to
// a URI, which is that of r, or beyond what the service's own are: it may who may
// read it.
func watchable(ctx context.Context, x *exchange, uri string, r *tandem.RegisteredResource, beyond bool) error {
	switch {
	case r != nil:
		if err := r.Operation().Authorize(ctx); err != nil {
			return noResource(x, uri, err)
		}
	case !beyond:
		return noResource(x, uri, tandem.Errorf(tandem.NotFound, "no resource %q", clip([]byte(uri), 256)))
	}
	return nil
}
