package main

import (
	"context"
	"log/slog"

	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/auth/apikey"
	"github.com/tandem-go/tandem/server"
)

type authExplain struct {
	TokenFile string `placeholder:"FILE" help:"The file that holds the token, - for stdin; default: the token in $$TANDEM_TOKEN."`
	Operation string `placeholder:"NAME" help:"Say also whether a call of this operation would pass."`
	OpenAPI   string `name:"openapi" placeholder:"URL|FILE" default:"http://127.0.0.1:8000/openapi.json" help:"The service's OpenAPI document, which says what operations need; default: ${default}."`
	Output    string `short:"o" enum:"text,json" default:"text" help:"text or json."`
}

// Help is what --help adds.
func (*authExplain) Help() string {
	return "The verifiers are those of the environment that the service has too: API_KEYS_FILE, API_KEYS, AUTH_ISSUER and so on. " +
		"The status is 0 if the call would pass, 1 if not. The token is never shown, and an API key does not count as used."
}

// Run prints the explanation on stdout.
func (c *authExplain) Run(ctx context.Context, env *environment) error {
	token, err := readToken(env, c.TokenFile)
	if err != nil {
		return err
	}
	e, err := c.explain(ctx, env, token)
	if err != nil {
		return err
	}
	if c.Output == "json" {
		err = printJSON(env.stdout, e)
	} else {
		err = e.print(env.stdout)
	}
	if err == nil && !e.Pass {
		err = errAnswered
	}
	return err
}

func (c *authExplain) explain(ctx context.Context, env *environment, token string) (*explanation, error) {
	cfg, err := server.FromEnv(env.lookup)
	if err != nil {
		return nil, err
	}
	cfg.Logger = slog.New(slog.NewTextHandler(env.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	verifiers, err := cfg.OpenVerifiers()
	if err != nil {
		return nil, err
	}
	e := judged(auth.Explain(apikey.WithoutUse(ctx), verifiers.Verifier, token), token)
	if err := verifiers.Close(ctx); err != nil {
		return nil, err
	}
	if c.Operation != "" {
		needs, err := findNeeds(ctx, c.OpenAPI, c.Operation, token)
		if err != nil {
			return nil, err
		}
		e.weigh(needs)
	}
	e.conclude()
	return e, nil
}
