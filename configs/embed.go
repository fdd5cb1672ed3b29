// Package configs holds the examples of configurations, of which the recommended one
// is part of the program.
package configs

import (
	"embed"
	"strings"
)

// The recommended configuration, to be filled in for an interface.
var (
	//go:embed recommended.yaml
	recommendedYAML string
	//go:embed recommended.toml
	recommendedTOML string
)

// Relay is the text of relay.yaml, the configuration for containers and NAT.
//
//go:embed relay.yaml
var Relay string

// Sites is the text of sites.yaml, the configuration for several sites.
//
//go:embed sites.yaml
var Sites string

//go:embed nats/*.conf
var nats embed.FS

// NATS returns the texts of the configurations of NATS servers by their names.
func NATS() map[string]string {
	texts := map[string]string{}
	for _, name := range []string{"accounts.conf", "hub.conf", "leaf.conf"} {
		text, err := nats.ReadFile("nats/" + name)
		if err != nil {
			panic(err) // it is part of the program
		}
		texts[name] = string(text)
	}
	return texts
}

// What stands in the recommended configuration for what its user knows best.
const (
	Interface = "eth0"
	Pipeline  = "edge"
)

// ServiceInterface is where the recommended configuration looks for the addresses of
// the service, once its filter vips is in use.
const ServiceInterface = "lo"

// Recommended returns the text of the recommended configuration in "yaml" or "toml".
func Recommended(format string) string {
	if format == "toml" {
		return recommendedTOML
	}
	return recommendedYAML
}

// UseVIPs returns the text of the recommended configuration with its filter vips in
// use, which is a comment otherwise.
func UseVIPs(text, format string) string {
	comment := "      #- type: vips\n      #  from: " + ServiceInterface + "\n"
	if format == "toml" {
		comment = "#[[pipelines." + Pipeline + ".filters]]\n#type = \"vips\"\n#from = \"" + ServiceInterface + "\"\n"
	}
	return strings.Replace(text, comment, strings.ReplaceAll(comment, "#", ""), 1)
}

// AnyMTU returns the text of the recommended configuration whose filter sane does not compare
// MTUs with that of an interface.
func AnyMTU(text, format string) string {
	stage, iface := "- type: sane\n", "        interface: "+Interface+"\n"
	if format == "toml" {
		stage, iface = "type = \"sane\"\n", "interface = \""+Interface+"\"\n"
	}
	return strings.Replace(text, stage+iface, stage, 1)
}
