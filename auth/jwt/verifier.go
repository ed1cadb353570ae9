package jwt

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/internal/authserver"
)

// Verifier is an [auth.Verifier] of the access tokens of one issuer. The claims of
// its principals are all those of the token, as encoding/json reads them, numbers as
// json.Number.
//
// A token that is no signed JWT, or that says another issuer, is of another kind.
type Verifier struct {
	config Config
	client *authserver.Client
	keys   *source
	cache  *cache
}

var (
	_ auth.Verifier = (*Verifier)(nil)
	_ auth.Named    = (*Verifier)(nil)
)

var errUnknownKey = errors.New("the issuer has no such key for the token's algorithm")

// New returns a verifier, or what is wrong with the configuration. It asks nothing
// yet: see [Verifier.Start].
func New(c Config) (*Verifier, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	client := &authserver.Client{HTTP: c.HTTP}
	d := &document{client: client, issuer: c.Issuer, fixed: c.JWKSURL, logger: c.Logger}
	keys := &source{
		issuer: c.Issuer, gap: c.Gap, refresh: c.RefreshEvery, maxStale: c.MaxStale, load: d.load, logger: c.Logger,
	}
	keys.ctx, keys.cancel = context.WithCancel(context.Background())
	return &Verifier{config: c, client: client, keys: keys, cache: newCache(c.MaxEntries)}, nil
}

// Name returns the issuer.
func (v *Verifier) Name() string { return v.config.Issuer }

// Start fetches the keys, so that the first caller does not wait for them. It returns
// an error if the answer is of no use, since then somebody has to change the
// configuration; a server that does not answer now is only logged.
func (v *Verifier) Start(ctx context.Context) error {
	_, err := v.keys.current(ctx)
	if errors.Is(err, authserver.ErrBadAnswer) {
		var e *tandem.Error
		if errors.As(err, &e) {
			err = e.Unwrap()
		}
		return fmt.Errorf("jwt: %w", err)
	}
	return nil
}

// Close ends a fetch under way and closes idle connections. Keys are not fetched any
// more, so that there are no verdicts once they are too old.
func (v *Verifier) Close() {
	v.keys.close()
	v.client.Close()
}

// Verify returns whose token this is. It waits for a fetch of the issuer's keys only
// where there is no verdict without: see [Config].
func (v *Verifier) Verify(ctx context.Context, text string) (*tandem.Principal, error) {
	if len(text) > maxToken {
		return nil, errTooLong
	}
	sum := sumOf(text)
	if p, err := v.known(ctx, sum); p != nil || err != nil {
		return p, err
	}
	t, err := read(text)
	if err != nil {
		return nil, err
	}
	p, err := v.config.judge(t, time.Now())
	if err != nil {
		return nil, err
	}
	a := algorithms[t.algorithm]
	k, err := v.key(ctx, t.keyID, a)
	if err != nil {
		return nil, err
	}
	if err := a.verify(k.public, t.signed, t.signature); err != nil {
		return nil, err
	}
	v.cache.put(sum, &verified{principal: p, key: k, algorithm: a, end: p.Expires.Add(v.config.Leeway)})
	return p, nil
}

// sumOf works on the stack for all but very long tokens.
func sumOf(text string) digest {
	var buffer [2048]byte
	return sha256.Sum256(append(buffer[:0], text...))
}

// known returns the principal of a token that was verified before and is still good;
// nil if there is none.
func (v *Verifier) known(ctx context.Context, sum digest) (*tandem.Principal, error) {
	e := v.cache.get(sum)
	if e == nil {
		return nil, nil
	}
	set, err := v.keys.current(ctx)
	if err != nil {
		return nil, err
	}
	if !e.good(set, time.Now()) {
		v.cache.forget(sum)
		return nil, nil
	}
	return e.principal, nil
}

// key returns the issuer's key, fetched if it has to be.
func (v *Verifier) key(ctx context.Context, id string, a algorithm) (*key, error) {
	set, err := v.keys.current(ctx)
	if err != nil {
		return nil, err
	}
	if k := set.find(id, a); k != nil {
		return k, nil
	}
	if len(set.byID[id]) > 0 || !isPlausible(id) {
		return nil, errUnknownKey
	}
	if set, err = v.keys.newer(ctx, set); err != nil {
		return nil, err
	}
	if k := set.find(id, a); k != nil {
		return k, nil
	}
	return nil, errUnknownKey
}

// isPlausible reports whether an unknown kid is worth a fetch: whether it looks like
// those that servers make, which are of base64, UUIDs, dates and names. A path or a
// query in it causes nothing at all.
func isPlausible(id string) bool {
	if strings.ContainsAny(id, "/+") { // of standard base64, or of a path
		raw, err := base64.StdEncoding.Strict().DecodeString(id)
		return err == nil && len(raw) >= 16 && !strings.ContainsAny(id, "\r\n")
	}
	for i := range len(id) {
		c := id[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.:=~@", c) >= 0) {
			return false
		}
	}
	return true
}
