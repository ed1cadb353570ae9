package schema

import "strings"

// nearest returns the name that text is probably meant to be, "" if none is near: the same but for case, or at most
// a third of its letters off.
func nearest(text string, names []string) string {
	const longest = 64
	if len(text) > longest {
		return ""
	}
	best, bestDistance := "", 1+min(3, max(1, len(text)/3))
	for _, name := range names {
		if strings.EqualFold(name, text) {
			return name
		}
		if len(name) <= longest {
			if d := editDistance(text, name); d < bestDistance && d < len(name) {
				best, bestDistance = name, d
			}
		}
	}
	return best
}

// editDistance counts the insertions, deletions, replacements and swaps of neighbours that lead from a to b, byte by byte.
func editDistance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, last[j+1]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
