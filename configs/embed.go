// Package configs holds the examples of configurations, of which the recommended one
// is part of the program.
package configs

import _ "embed" // for the recommended configuration

// The recommended configuration, to be filled in for an interface.
var (
	//go:embed recommended.yaml
	recommendedYAML string
	//go:embed recommended.toml
	recommendedTOML string
)

// What stands in the recommended configuration for what its user knows best.
const (
	Interface = "eth0"
	Pipeline  = "edge"
)

// Recommended returns the text of the recommended configuration in "yaml" or "toml".
func Recommended(format string) string {
	if format == "toml" {
		return recommendedTOML
	}
	return recommendedYAML
}
