package introspection

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/authserver"
)

// Config says whom to ask and what to accept. URL or Issuer, ClientID and
// ClientSecret are needed; the zero value of everything else means its default.
type Config struct {
	// URL is where tokens are introspected. Empty means that the Issuer's metadata
	// says it (RFC 8414, OpenID Connect Discovery), which is read at the first token
	// and again every hour.
	URL string
	// Issuer is who vouches for the principals. An answer that has another iss is
	// refused. Empty means the origin of URL, and that iss is not checked.
	Issuer string
	// ClientID and ClientSecret are the service's own credentials there
	// (client_secret_basic).
	ClientID     string
	ClientSecret tandem.Secret

	// Audiences are those of which an answer must have one in aud, exactly. Nil
	// means that aud is not checked: set it unless the authorization server issues
	// tokens for this service alone. It also refuses the refresh tokens of servers
	// that do not say of which kind a token is.
	Audiences []string
	// ScopeClaim is the member that has the scopes, as words in a string or as a list
	// of strings; empty means "scope".
	ScopeClaim string

	// CacheTTL is how long a token remains good without asking again, and so how long
	// a revoked one may; zero means 30 seconds. It never outlasts the token's exp.
	CacheTTL time.Duration
	// NegativeTTL is the same of a token that is refused; zero means 10 seconds.
	NegativeTTL time.Duration
	// MaxEntries bounds how many good tokens are remembered, and how many refused ones;
	// zero means 10,000 of each.
	MaxEntries int

	// MaxInFlight bounds the questions that are asked at the same time; zero means 32.
	// A quarter of them, and at least one, may be about the tokens of one [auth.Source].
	MaxInFlight int
	// UnknownBurst is how many tokens one [auth.Source] may try that turn out to be no
	// good, and UnknownPerSecond how many more in each second; zero means 60 and 10.
	// Beyond them its unknown tokens are refused with code ResourceExhausted and not
	// asked about. Good tokens do not count.
	UnknownBurst     int
	UnknownPerSecond float64
	// Timeout bounds the wait for a free place among MaxInFlight, and then the
	// question; zero means 5 seconds.
	Timeout time.Duration

	// HTTP is asked, for its transport and timeout; nil means a client of its own.
	HTTP *http.Client
	// Logger is told once when questions begin to fail, and when they succeed again;
	// nil means slog.Default().
	Logger *slog.Logger
}

// leeway is how far the clocks of the authorization server and of this machine
// may differ.
const leeway = 30 * time.Second

// withDefaults returns the configuration without zero values, or what is wrong
// with it.
func (c Config) withDefaults() (Config, error) {
	if err := c.check(); err != nil {
		return Config{}, fmt.Errorf("introspection: %w", err)
	}
	orDefault(&c.ScopeClaim, "scope")
	orDefault(&c.CacheTTL, 30*time.Second)
	orDefault(&c.NegativeTTL, 10*time.Second)
	orDefault(&c.MaxEntries, 10_000)
	orDefault(&c.MaxInFlight, 32)
	orDefault(&c.UnknownBurst, 60)
	orDefault(&c.UnknownPerSecond, 10)
	orDefault(&c.Timeout, 5*time.Second)
	if c.Logger == nil {
		c.Logger = slog.Default()
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
	if c.URL == "" && c.Issuer == "" {
		return errors.New("URL or Issuer is needed")
	}
	if c.URL != "" {
		if err := authserver.CheckURL(c.URL); err != nil {
			return fmt.Errorf("the URL: %w", err)
		}
	}
	if c.Issuer != "" {
		if err := authserver.CheckIssuer(c.Issuer); err != nil {
			return fmt.Errorf("the Issuer: %w", err)
		}
	}
	if c.ClientID == "" || c.ClientSecret == "" {
		return errors.New("both ClientID and ClientSecret are needed: an authorization server answers only those that it knows (RFC 7662, section 2.1)")
	}
	for _, audience := range c.Audiences {
		if audience == "" {
			return errors.New("one of the Audiences is empty")
		}
	}
	return c.checkNumbers()
}

func (c Config) checkNumbers() error {
	for name, negative := range map[string]bool{
		"CacheTTL":         c.CacheTTL < 0,
		"NegativeTTL":      c.NegativeTTL < 0,
		"MaxEntries":       c.MaxEntries < 0,
		"MaxInFlight":      c.MaxInFlight < 0,
		"UnknownBurst":     c.UnknownBurst < 0,
		"UnknownPerSecond": !(c.UnknownPerSecond >= 0),
		"Timeout":          c.Timeout < 0,
	} {
		if negative {
			return fmt.Errorf("%s is negative", name)
		}
	}
	return nil
}
