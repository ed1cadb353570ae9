package archtest

// room is a package and what it may import of this module. Its tests may import
// anything, but see [TestDoorsStayApart].
type room struct {
	path string // below the module's path; "." is the root package
	may  []string
}

// rooms is the import table. A package that is not in it, a package in it that
// does not exist and an allowance that nobody uses all fail, so that the table
// says how things are.
var rooms = []room{
	// The waist knows no door. It plans bindings so that a mistake in one panics
	// in Register.
	{".", []string{"internal/schema", "internal/binding", "internal/seal"}},
	{"internal/schema", nil},
	{"internal/binding", []string{"internal/schema"}},
	{"internal/seal", nil},

	// The doors decode and encode; they never import each other.
	{"rest", []string{".", "internal/binding", "internal/challenge", "internal/lifetime"}},
	{"openapi", []string{".", "internal/binding", "internal/schema"}},
	{"mcp", []string{".", "internal/challenge", "internal/lifetime", "session"}},

	{"auth", []string{".", "internal/authserver", "internal/challenge"}},
	{"auth/apikey", []string{".", "auth"}},
	{"auth/introspection", []string{".", "auth", "internal/authserver"}},
	{"auth/jwt", []string{".", "auth", "internal/authserver"}},
	{"auth/mtls", []string{".", "auth"}},
	{"internal/authserver", nil},
	{"internal/challenge", nil},
	{"internal/lifetime", []string{"."}},
	{"session", nil},
	{"session/redisstore", []string{"session"}},
	{"session/sessiontest", []string{"session"}},
	{"session/pgstore", []string{"internal/seal", "session"}},
	{"idempotency", []string{"."}},
	{"idempotency/idempotencytest", []string{"idempotency"}},
	{"idempotency/pgstore", []string{"idempotency"}},
	{"idempotency/sqlstore", []string{"idempotency"}},
	{"health", []string{"."}},
	{"server", []string{".", "auth", "auth/apikey", "auth/introspection", "auth/jwt", "health", "internal/authserver", "mcp", "openapi", "rest", "session"}},
	{"cmd/tandem", []string{".", "auth", "auth/apikey", "server"}},
	{"tandemtest", []string{".", "internal/binding", "mcp", "rest"}},

	// The examples use public packages only; of Tandem the reference service's
	// domain and store know the error type alone.
	{"examples/guarded", []string{".", "auth/apikey", "auth/mtls", "server"}},
	{"examples/hello", []string{".", "server"}},
	{"examples/middleware", []string{".", "auth", "auth/apikey"}},
	{"examples/migrating", []string{".", "server"}},
	{"examples/notes", []string{".", "server"}},
	{"examples/conformance", []string{"examples/conformance/fixtures", "server"}},
	{"examples/conformance/fixtures", []string{"."}},
	{"examples/inventory", []string{"examples/inventory/service", "server", "session", "session/pgstore", "session/redisstore"}},
	{"examples/inventory/service", []string{".", "examples/inventory/internal/stock", "examples/inventory/internal/store", "server"}},
	{"examples/inventory/internal/stock", []string{"."}},
	{"examples/inventory/internal/store", []string{".", "examples/inventory/internal/stock"}},

	// What tests need.
	{"internal/archtest", nil},
	{"internal/chaos", nil},
	{"internal/clienttest", nil},
	{"internal/deploytest", nil},
	{"internal/difftest", nil},
	{"internal/doctest", nil},
	{"internal/nodetools", nil},
	{"internal/oidctest", []string{"internal/nodetools"}},
	{"internal/pgtest", nil},
	{"internal/securitytest", nil},
	{"internal/redistest", nil},
	{"internal/testreport", nil},
}

// bans are imports that only some packages may have.
var bans = []ban{
	{
		path:   "unsafe",
		reason: "bugs in it corrupt memory, and no speed that we need depends on it",
	},
	{
		path:   "log",
		reason: "logs go through log/slog, where they are structured and their level can be set",
	},
	{
		path:   "math/rand",
		reason: "what is unpredictable comes from crypto/rand, what is arbitrary from math/rand/v2",
	},
	{
		path:   "testing",
		only:   []string{"idempotency/idempotencytest", "internal/nodetools", "internal/oidctest", "internal/pgtest", "internal/redistest", "session/sessiontest", "tandemtest"},
		reason: "it registers flags and belongs to programs that test",
	},
	{
		path:   "encoding/gob",
		reason: "decoding it from a peer can use unbounded memory",
	},
	{
		path:   "net/http/pprof",
		reason: "it registers itself on the default mux, where anybody may reach it",
	},
	{
		path:   "github.com/modelcontextprotocol/go-sdk/auth",
		reason: "its RequireBearerToken sends no error= and echoes the verifier's errors to the caller",
	},
	{
		path:   "github.com/mark3labs/mcp-go",
		reason: "it is a client that tests use",
	},
	{
		path:   "github.com/google/go-cmp",
		reason: "it may panic on what it compares and belongs to tests",
	},
	{
		path:   "go.uber.org/goleak",
		reason: "it belongs to tests",
	},
	{
		path:   "modernc.org/sqlite",
		only:   []string{"cmd/tandem", "examples/guarded", "examples/inventory/internal/store", "examples/migrating"},
		reason: "which database a service uses is for the service to say; an import here compiles it into every user's program",
	},
	{
		path:   "github.com/jackc/pgx",
		only:   []string{"cmd/tandem", "examples/inventory/internal/store", "internal/pgtest", "idempotency/pgstore", "session/pgstore"},
		reason: "which database a service uses is for the service to say; an import here compiles it into every user's program",
	},
	{
		path:   "github.com/redis/go-redis",
		only:   []string{"session/redisstore"},
		reason: "which engine replicas share is for the service to say; an import here compiles it into every user's program",
	},
}

// foreignAPI says whose types besides the standard library's and our own a
// package's exported API may mention.
var foreignAPI = map[string][]string{
	"mcp": {"github.com/modelcontextprotocol/go-sdk"}, // the SDK's server stays within reach

	// A server has few connections to give: New shares the service's own pool.
	"session/pgstore": {"github.com/jackc/pgx"},

	// What the handlers commit is a transaction of their pool.
	"idempotency/pgstore": {"github.com/jackc/pgx"},
}
