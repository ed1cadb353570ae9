package mcp

import (
	"context"
	"net/http"

	"github.com/tandem-go/tandem"
)

// The _meta keys of calls that can be tried again without a second effect.
const (
	metaKey      = "io.github.tandem-go/idempotency-key"
	metaReplayed = "io.github.tandem-go/idempotency-replayed"
)

// headerKeyKey is where a context has the header values of a request's key.
type headerKeyKey struct{}

// keepKey keeps the header Idempotency-Key for the call that the body asks for.
func keepKey(r *http.Request) *http.Request {
	values := r.Header[tandem.IdempotencyKeyHeader]
	if values == nil {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), headerKeyKey{}, values))
}

// key returns the idempotency key of a call: that of _meta, else of the HTTP
// header, else, in a session, the request's id there, which a client that tries
// again sends again.
func (x *exchange) key(ctx context.Context, op *tandem.Registered) (string, error) {
	if op.Idempotency == 0 {
		return "", nil
	}
	if raw := x.msg.params.meta.key; raw != nil {
		key, ok := text(raw)
		if !ok || key == "" {
			return "", invalidParams(`"` + metaKey + `" must be a string that is not empty`)
		}
		return key, nil
	}
	if values, ok := ctx.Value(headerKeyKey{}).([]string); ok {
		key, err := tandem.IdempotencyKeyFrom(http.Header{tandem.IdempotencyKeyHeader: values})
		if err != nil {
			return "", invalidParams(problemOf(err).Detail)
		}
		return key, nil
	}
	if x.record != nil && x.record.ID != "" {
		return "session " + x.record.ID + " request " + callKey(x.msg.id), nil
	}
	return "", nil
}

// appendReplayedMeta is appendServerMeta for a result that an earlier try had.
func (d *Door) appendReplayedMeta(dst []byte, x *exchange) []byte {
	if !x.modern() {
		return append(dst, `,"_meta":{"`+metaReplayed+`":true}}`...)
	}
	dst = append(append(dst, ','), d.serverMeta[:len(d.serverMeta)-1]...)
	return append(dst, `,"`+metaReplayed+`":true}}`...)
}
