// Package deploytest holds the tests of the folder deploy: each configuration that
// is shipped there runs as it is, but for its addresses, in front of real replicas.
package deploytest
