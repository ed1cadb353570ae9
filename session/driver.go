package session

import (
	"context"
	"log/slog"
)

// Driver opens stores by URL, for programs that learn from their environment what
// their replicas share. It is a value that the program hands on, so that a driver
// which nobody names is not compiled in: see redisstore.Driver and pgstore.Driver.
type Driver struct {
	// Schemes are those of the URLs that Open takes, such as "redis".
	Schemes []string
	// Open connects to the engine and joins the replicas there. Its error says what
	// to do, and does not hold the URL's password. An engine that cannot be reached
	// is [ErrUnavailable].
	Open func(ctx context.Context, url string, o DriverOptions) (Store, error)
}

// DriverOptions are what every driver takes.
type DriverOptions struct {
	// Service names what the replicas serve: services that share an engine see
	// nothing of each other. Empty means the driver's default.
	Service string
	// Limits bound what the store keeps.
	Limits Limits
	// Secrets authenticate what replicas tell each other: at least one, each of 32
	// bytes, the same on every replica. The first one seals, all of them open.
	Secrets [][]byte
	// Logger gets warnings; nil means slog.Default().
	Logger *slog.Logger
}
