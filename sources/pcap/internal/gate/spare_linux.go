package gate

import "sync"

// spares has a gate of each kind that was used, for a reload: the program has given up the right
// to load one by then, and the old pipeline has its own until the new one runs.
var spares = struct {
	sync.Mutex
	byKind map[string]*Gate
}{byKind: map[string]*Gate{}}

func hasSpare(kind string) bool {
	spares.Lock()
	defer spares.Unlock()
	return spares.byKind[kind] != nil
}

// takeSpare returns the spare gate of a kind, nil if there is none.
func takeSpare(kind string) *Gate {
	spares.Lock()
	defer spares.Unlock()
	g := spares.byKind[kind]
	delete(spares.byKind, kind)
	return g
}

// putSpare makes a gate the spare one, and reports false if there is one already.
func putSpare(g *Gate) bool {
	spares.Lock()
	defer spares.Unlock()
	if spares.byKind[g.kind] != nil {
		return false
	}
	g.Shut(0, 0)
	g.TakeRefused()
	spares.byKind[g.kind] = g
	return true
}
