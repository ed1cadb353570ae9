package apikey

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

// issuer is the issuer of the principals of API keys.
const issuer = "api-key"

// Store is what a [Verifier] needs of the place where keys are kept.
//
//   - It is safe for concurrent use.
//   - Lookup returns the record with this ID, which is immutable, or nil if there is
//     none. An error means that it cannot say, and no key is then accepted.
//   - A key that is revoked is returned as revoked within about two seconds.
//   - MarkUsed notes that a key with this ID was used. It does not block for long.
type Store interface {
	Lookup(ctx context.Context, id string) (*Record, error)
	MarkUsed(id string, at time.Time)
}

// Options configure a [Verifier] and its store. The zero value is ready to use.
type Options struct {
	// Logger is told what becomes of the store; nil means slog.Default().
	Logger *slog.Logger
}

func (o Options) logger() *slog.Logger {
	if o.Logger == nil {
		return slog.Default()
	}
	return o.Logger
}

// Verifier is an [auth.Verifier] of the keys in a [Store]. It leaves tokens that do
// not begin with [Prefix] to other verifiers.
type Verifier struct {
	store Store
	dummy Digest // what a token is compared with whose ID is unknown
}

var (
	_ auth.Verifier = (*Verifier)(nil)
	_ auth.Named    = (*Verifier)(nil)
)

// New returns a verifier of the store's keys. It panics if the store is nil.
func New(store Store) *Verifier {
	if store == nil {
		panic("apikey: New: the store is nil")
	}
	unknown, _ := newKey()
	return &Verifier{store: store, dummy: digestOf(unknown.Reveal())}
}

// Open returns a verifier of the keys in a file; see [OpenFile].
func Open(path string, o Options) (*Verifier, error) {
	file, err := OpenFile(path, o)
	if err != nil {
		return nil, err
	}
	return New(file), nil
}

// Name returns "api-key", the issuer of the principals.
func (*Verifier) Name() string { return issuer }

// Close closes the store, if that can be closed, as a [File] and an [SQL] can.
func (v *Verifier) Close() error {
	if closer, ok := v.store.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

// errWrong is the same for an ID that does not exist and for a wrong secret.
var errWrong = errors.New("there is no such API key")

// Verify compares digests, in constant time, and does the same for an ID that is
// unknown.
func (v *Verifier) Verify(ctx context.Context, token string) (*tandem.Principal, error) {
	id, err := idOf(token)
	if err != nil {
		return nil, err
	}
	record, err := v.store.Lookup(ctx, id)
	if err != nil {
		return nil, tandem.Errorf(tandem.Unavailable, "API keys cannot be looked up").WithCause(err)
	}
	if !v.matches(record, token) {
		return nil, errWrong
	}
	now := time.Now()
	if err := record.refusal(now); err != nil {
		return nil, err
	}
	if ctx.Value(unusedKey{}) == nil {
		v.store.MarkUsed(id, now)
	}
	return record.principal(), nil
}

type unusedKey struct{}

// WithoutUse returns a context in which a key that is verified does not count as
// used, for those who only explain what it is good for.
func WithoutUse(ctx context.Context) context.Context {
	return context.WithValue(ctx, unusedKey{}, true)
}

// matches compares the token with the record, or, if there is none, with a digest
// that is no token's.
func (v *Verifier) matches(record *Record, token string) bool {
	want, known := &v.dummy, 0
	if record != nil {
		want, known = &record.Digest, 1
	}
	got := sha256.Sum256([]byte(token))
	return subtle.ConstantTimeCompare(got[:], want[:])&known == 1
}

// refusal returns why a key is refused whose secret is right.
func (r *Record) refusal(now time.Time) error {
	switch r.Status(now) {
	case Revoked:
		return fmt.Errorf("the API key %s was revoked at %s", r.ID, r.Revoked.Format(time.RFC3339))
	case Expired:
		return fmt.Errorf("the API key %s expired at %s", r.ID, r.Expires.Format(time.RFC3339))
	}
	return nil
}

// principal is named by the ID, which remains whatever the key is called.
func (r *Record) principal() *tandem.Principal {
	p := &tandem.Principal{Issuer: issuer, Subject: "key-" + r.ID, Scopes: r.Scopes, Expires: r.Expires}
	if r.Name != "" {
		p.Claims = map[string]any{"name": r.Name}
	}
	return p
}
