package server

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/auth/apikey"
	"github.com/tandem-go/tandem/auth/introspection"
	"github.com/tandem-go/tandem/auth/jwt"
)

// Verifiers are those of a configuration, at work. They may hold files and
// connections.
type Verifiers struct {
	// Verifier judges tokens by all of them; it refuses every token where there is
	// none.
	auth.Verifier

	held []auth.Verifier // in the order in which they were opened
}

// OpenVerifiers returns the verifiers of the tokens that the configuration accepts,
// in the order in which they are asked: APIKeysFile, APIKeys, the JWTs of Auth,
// Verifier, and the introspection of Auth, which takes what no other does. [New]
// does this by itself. The caller closes them, but for Verifier.
func (c Config) OpenVerifiers() (*Verifiers, error) {
	c = c.withDefaults()
	if err := c.checkAuth(); err != nil {
		return nil, fmt.Errorf("server: Config.Auth: %w", err)
	}
	v := &Verifiers{}
	var all []auth.Verifier
	for _, open := range []func(Config) (auth.Verifier, error){
		v.keysFile, keysList, v.issuer,
		func(c Config) (auth.Verifier, error) { return c.Verifier, nil },
		v.introspection,
	} {
		one, err := open(c)
		if err != nil {
			return nil, errors.Join(err, v.Close(context.Background()))
		}
		if one != nil {
			all = append(all, one)
		}
	}
	v.Verifier = auth.Any(all...)
	return v, nil
}

// start lets the verifiers look at once for what they need. An error says that it is
// there and wrong; what is only out of reach is looked for again later.
func (v *Verifiers) start(ctx context.Context) error {
	for _, one := range v.held {
		if s, ok := one.(interface{ Start(context.Context) error }); ok {
			if err := s.Start(ctx); err != nil {
				return fmt.Errorf("server: Config.Auth: %w", err)
			}
		}
	}
	return nil
}

// Close releases what the verifiers hold. Nil holds nothing.
func (v *Verifiers) Close(ctx context.Context) error {
	if v == nil {
		return nil
	}
	var errs []error
	for _, one := range slices.Backward(v.held) {
		errs = append(errs, closeVerifier(ctx, one))
	}
	return errors.Join(errs...)
}

func (v *Verifiers) keysFile(c Config) (auth.Verifier, error) {
	if c.APIKeysFile == "" {
		return nil, nil
	}
	keys, err := apikey.Open(c.APIKeysFile, apikey.Options{Logger: c.Logger})
	if err != nil {
		return nil, fmt.Errorf("server: API_KEYS_FILE (Config.APIKeysFile): %w", err)
	}
	return v.hold(keys), nil
}

func keysList(c Config) (auth.Verifier, error) {
	if len(c.APIKeys) == 0 {
		return nil, nil
	}
	keys, err := auth.NewAPIKeys(reveal(c.APIKeys))
	if err != nil {
		return nil, fmt.Errorf("server: Config.APIKeys: %w", err)
	}
	return keys, nil
}

func (v *Verifiers) issuer(c Config) (auth.Verifier, error) {
	if c.Auth.Issuer == "" {
		return nil, nil
	}
	signed, err := jwt.New(jwt.Config{
		Issuer:      c.Auth.Issuer,
		Audiences:   c.audiences(),
		JWKSURL:     c.Auth.JWKSURL,
		Algorithms:  c.Auth.Algorithms,
		Types:       c.Auth.Types,
		ScopeClaims: c.Auth.ScopeClaims,
		Logger:      c.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("server: Config.Auth: %w", err)
	}
	return v.hold(signed), nil
}

func (v *Verifiers) introspection(c Config) (auth.Verifier, error) {
	if !c.Auth.introspects() {
		return nil, nil
	}
	asked, err := introspection.New(introspection.Config{
		URL:          c.Auth.IntrospectionURL,
		Issuer:       c.Auth.Issuer,
		ClientID:     c.Auth.ClientID,
		ClientSecret: c.Auth.ClientSecret,
		Audiences:    c.audiences(),
		Logger:       c.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("server: Config.Auth: %w", err)
	}
	return v.hold(asked), nil
}

// hold closes the verifier with the others.
func (v *Verifiers) hold(one auth.Verifier) auth.Verifier {
	v.held = append(v.held, one)
	return one
}

func closeVerifier(ctx context.Context, v auth.Verifier) error {
	switch v := v.(type) {
	case interface{ Close(context.Context) error }:
		return v.Close(ctx)
	case interface{ Close() error }:
		return v.Close()
	case interface{ Close() }:
		v.Close()
	}
	return nil
}
