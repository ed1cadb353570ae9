package tandem

import "strings"

// Doors is a set of doors. The zero value means every door.
type Doors uint8

// The doors through which an operation can be served.
const (
	REST Doors = 1 << iota
	MCP

	allDoors = REST | MCP
)

// Has reports whether the set contains the door; the zero set contains every one.
func (d Doors) Has(door Doors) bool { return d == 0 || d&door != 0 }

// String returns the names in the set, such as "rest,mcp".
func (d Doors) String() string {
	var names []string
	if d.Has(REST) {
		names = append(names, "rest")
	}
	if d.Has(MCP) {
		names = append(names, "mcp")
	}
	return strings.Join(names, ",")
}
