package gate

import "sync"

// spares has gates for reloads: the program has given up the right to load one by then, and the
// old pipelines have theirs until the new ones run.
var spares = stock{kinds: map[string]*kind{}}

// stock has as many spare gates of each kind as were in use at once.
type stock struct {
	mu    sync.Mutex
	kinds map[string]*kind
}

type kind struct {
	used  int
	spare []*Gate
}

// take returns a gate of a kind, a spare one if there is one, and loads what is missing.
func (s *stock) take(name string, load func(name string) (*Gate, error)) (*Gate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.kinds[name]
	if k == nil {
		k = new(kind)
	}
	var err error
	for len(k.spare) <= k.used+1 && err == nil { // one for now
		var g *Gate
		if g, err = load(name); err == nil {
			k.spare = append(k.spare, g)
		}
	}
	last := len(k.spare) - 1
	if last < 0 {
		return nil, err
	}
	s.kinds[name] = k
	g := k.spare[last]
	k.spare = k.spare[:last]
	k.used++
	return g, nil
}

// put takes a gate back.
func (s *stock) put(g *Gate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.TakeRefused()
	k := s.kinds[g.kind]
	k.used--
	k.spare = append(k.spare, g)
}

// loaded reports whether there ever was a gate.
func (s *stock) loaded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.kinds) > 0
}
