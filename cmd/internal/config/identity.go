package config

// Identity returns what a pipeline is, to be compared by [reflect.DeepEqual]: two
// declarations with equal ones build the same pipeline, wherever they stand and however
// they are written. The pipeline must have been resolved without mistakes.
func (p *Pipeline) Identity() any {
	return [...]any{identities(p.Sources), identities(p.Filters), identities(p.Sinks)}
}

// identities returns what stages are. The plugin of one is known by its type, since the list
// it is in tells the kind.
func identities(stages []Stage) (ids []any) {
	for _, s := range stages {
		ids = append(ids, [...]any{s.Type, s.Called(), s.Resolved.Settings, s.Resolved.Sink, identities(s.Filters)})
	}
	return ids
}
