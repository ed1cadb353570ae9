package rest

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"github.com/tandem-go/tandem"
)

// maxHiddenRoutes bounds the routes that are kept of callers who may not see all.
const maxHiddenRoutes = 32

// hiddenRoutes are the routes without what a caller may not use, kept for all who
// may use the same. The zero value has none.
type hiddenRoutes struct {
	mu  sync.Mutex
	all map[string]*routes // by verdicts
}

// findShown is find for the caller of r, to whom the operations that it may not use do
// not exist. Most requests are judged by one operation: the one that they match is
// the same without the others. Only where none matches, or one that is hidden, all
// are judged, and what is left is asked again.
func (rs *routes) findShown(r *http.Request) (*match, *http.Request) {
	found, inner := rs.find(r)
	if found.op != nil && !found.wavered && shows(r.Context(), found.op) {
		return found, inner
	}
	verdicts := rs.verdicts(r.Context())
	if !slices.Contains(verdicts, hiddenVerdict) {
		return found, inner
	}
	return rs.without(verdicts).find(r)
}

// shows reports whether the caller of ctx may use the operation.
func shows(ctx context.Context, op *tandem.Registered) bool { return op.Authorize(ctx) == nil }

// The characters of verdicts.
const (
	shownVerdict  = '+'
	hiddenVerdict = '-'
)

// verdicts has a character for each operation: whether the caller may use it.
func (rs *routes) verdicts(ctx context.Context) []byte {
	verdicts := make([]byte, len(rs.ops))
	for i, op := range rs.ops {
		verdicts[i] = hiddenVerdict
		if shows(ctx, op) {
			verdicts[i] = shownVerdict
		}
	}
	return verdicts
}

// without returns the routes that the verdicts leave.
func (rs *routes) without(verdicts []byte) *routes {
	h := &rs.hidden
	h.mu.Lock()
	defer h.mu.Unlock()
	if left, ok := h.all[string(verdicts)]; ok {
		return left
	}
	left := &routes{mux: http.NewServeMux(), prefix: rs.prefix}
	for i, op := range rs.ops {
		if verdicts[i] == shownVerdict {
			left.add(op)
		}
	}
	if h.all == nil {
		h.all = map[string]*routes{}
	}
	if len(h.all) >= maxHiddenRoutes {
		for old := range h.all { // any one
			delete(h.all, old)
			break
		}
	}
	h.all[string(verdicts)] = left
	return left
}
