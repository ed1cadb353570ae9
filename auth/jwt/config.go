package jwt

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tandem-go/tandem/internal/authserver"
)

// NoType stands in [Config.Types] for a token without typ.
const NoType = ""

// Config says which tokens are good. Issuer and Audiences are needed; the zero value
// of everything else means its default.
type Config struct {
	// Issuer is who issues the tokens, exactly as they have it in iss, a slash at its
	// end included.
	Issuer string
	// Audiences are those of which a token must have one in aud, exactly.
	Audiences []string
	// JWKSURL is where the issuer's keys are. Empty means that the Issuer's metadata
	// says it (RFC 8414, OpenID Connect Discovery).
	JWKSURL string

	// Algorithms are those that a token may be signed with, of RS256, RS384, RS512,
	// PS256, PS384, PS512, ES256, ES384, ES512, EdDSA (with Ed25519) and Ed25519. Nil
	// means RS256, ES256 and EdDSA.
	Algorithms []string
	// Types are the values of the header typ that a token may have, in any case.
	// [NoType] stands for its absence. Nil means "at+jwt", "application/at+jwt", "JWT"
	// and [NoType]; the package's documentation says how access tokens are then told
	// from others.
	Types []string
	// ScopeClaims are the claims that have scopes, as words in a string or as a list
	// of strings. Nil means "scope" and "scp". Entra ID has the permissions of
	// applications in "roles", Auth0 those of its role-based access control in
	// "permissions".
	ScopeClaims []string

	// Leeway is how far the clocks of the issuer and of this machine may differ;
	// zero means 30 seconds. At most 5 minutes.
	Leeway time.Duration
	// RefreshEvery is how old the keys become before they are fetched again, and so
	// how long a withdrawn one may remain good; zero means 5 minutes.
	RefreshEvery time.Duration
	// Gap is the least time between two fetches, whatever tokens arrive and whether
	// the first one succeeded; zero means 10 seconds. It is also how long the tokens
	// of a new key may be refused, at worst, if a token with an unknown key came just
	// before: short enough that a client's second try passes, and long enough that a
	// flood of forged tokens is nothing that an authorization server would notice.
	Gap time.Duration
	// MaxStale is how old keys may become while newer ones cannot be fetched. Beyond
	// it no token gets a verdict. Zero means 1 hour.
	MaxStale time.Duration
	// MaxEntries bounds how many verified tokens are remembered, to save their
	// verification when they come again; zero means 8,192, a negative number none.
	MaxEntries int

	// HTTP is asked, for its transport and timeout; nil means a client of its own.
	HTTP *http.Client
	// Logger is told when keys cannot be fetched, and when they can again; nil means
	// slog.Default().
	Logger *slog.Logger
}

// withDefaults returns the configuration without zero values, or what is wrong with
// it.
func (c Config) withDefaults() (Config, error) {
	orDefault(&c.Leeway, 30*time.Second)
	orDefault(&c.RefreshEvery, 5*time.Minute)
	orDefault(&c.Gap, 10*time.Second)
	orDefault(&c.MaxStale, time.Hour)
	orDefault(&c.MaxEntries, 8192)
	if c.Algorithms == nil {
		c.Algorithms = []string{"RS256", "ES256", "EdDSA"}
	}
	if c.Types == nil {
		c.Types = []string{"at+jwt", "application/at+jwt", "JWT", NoType}
	}
	if c.ScopeClaims == nil {
		c.ScopeClaims = []string{"scope", "scp"}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if err := c.check(); err != nil {
		return Config{}, fmt.Errorf("jwt: %w", err)
	}
	return c, nil
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (c Config) check() error {
	return errors.Join(c.checkIssuer(), c.checkLists(), c.checkTimes())
}

// checkIssuer holds the issuer to less if nothing is asked there: then it is a name.
func (c Config) checkIssuer() error {
	switch {
	case c.Issuer == "":
		return errors.New("the Issuer is needed: whose tokens are good?")
	case c.JWKSURL == "":
		if err := authserver.CheckIssuer(c.Issuer); err != nil {
			return fmt.Errorf("the Issuer: %w", err)
		}
		return nil
	case strings.ContainsFunc(c.Issuer, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return errors.New("the Issuer has a space or a control character")
	}
	if err := authserver.CheckURL(c.JWKSURL); err != nil {
		return fmt.Errorf("the JWKSURL: %w", err)
	}
	if strings.HasPrefix(strings.ToLower(c.Issuer), "http:") {
		if err := authserver.CheckURL(c.Issuer); err != nil {
			return fmt.Errorf("the Issuer: %w", err)
		}
	}
	return nil
}

func (c Config) checkLists() error {
	if len(c.Audiences) == 0 {
		return errors.New("no Audiences: a token that is for anybody would be good for what it was not issued for")
	}
	if slices.Contains(c.Audiences, "") {
		return errors.New("one of the Audiences is empty")
	}
	if len(c.Algorithms) == 0 || len(c.Types) == 0 {
		return errors.New("the Algorithms or Types are an empty list, which no token passes: leave them nil for the default")
	}
	if slices.Contains(c.ScopeClaims, "") {
		return errors.New("one of the ScopeClaims is empty")
	}
	for _, name := range c.Algorithms {
		if _, ok := algorithms[name]; !ok {
			return fmt.Errorf("the algorithm %q is not accepted: choose of %s", name, strings.Join(algorithmNames(), ", "))
		}
	}
	return nil
}

func (c Config) checkTimes() error {
	switch {
	case c.Leeway < 0 || c.Leeway > 5*time.Minute:
		return errors.New("the Leeway is negative or more than 5 minutes")
	case c.Gap < 0 || c.RefreshEvery < 0 || c.MaxStale < 0:
		return errors.New("one of Gap, RefreshEvery and MaxStale is negative")
	case c.Gap > c.RefreshEvery:
		return errors.New("the Gap is longer than RefreshEvery")
	case c.RefreshEvery > c.MaxStale:
		return errors.New("RefreshEvery is longer than MaxStale")
	}
	return nil
}
