package apikey

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"time"

	"github.com/go-json-experiment/json"
)

// usedSuffix makes the name of the file that says when keys were last used: one
// JSON object with a time for each ID.
const usedSuffix = ".used"

// writeUses enters uses in the file of uses. Other processes may serve the same
// keys, so that the later time counts.
func (f *File) writeUses(ctx context.Context, last map[string]time.Time) error {
	path := f.path + usedSuffix
	unlock, err := lock(ctx, path)
	if err != nil {
		return err
	}
	defer unlock()
	used, err := readUses(path)
	if err != nil {
		return err
	}
	for id, at := range last {
		if at = stamp(at); at.After(used[id]) {
			used[id] = at
		}
	}
	known := f.keys.Load().byID
	maps.DeleteFunc(used, func(id string, _ time.Time) bool { return known[id] == nil })
	content, err := json.Marshal(used, json.Deterministic(true))
	if err != nil {
		return err
	}
	return replace(path, append(content, '\n'))
}

// readUses reads a file of uses; none is as good as an empty one.
func readUses(path string) (map[string]time.Time, error) {
	used := map[string]time.Time{}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return used, nil
	}
	if err != nil {
		return nil, err
	}
	if len(content) == 0 {
		return used, nil // it is being made
	}
	if err := json.Unmarshal(content, &used); err != nil {
		return nil, fmt.Errorf("%s: %w: remove it; it only says when keys were last used", path, err)
	}
	return used, nil
}
