package metrics

import (
	"fmt"
	"strings"

	"github.com/pmtud/pmtud/pipeline"
)

// List returns the metrics of the service and of the plugins, in the order of the
// table.
func List(plugins []pipeline.Plugin) []Info {
	var list []Info
	for _, f := range families(Build{}) {
		list = append(list, f.info)
	}
	for _, p := range plugins {
		for _, m := range p.Metrics {
			list = append(list, pluginInfo(p.Kind, p.Type, m))
		}
	}
	return list
}

// String returns the metric as a line of the list.
func (i Info) String() string {
	labels := strings.Join(i.Labels, ",")
	if labels == "" {
		labels = "-"
	}
	return strings.Join([]string{i.Name, i.Type, labels, i.Help}, "\t")
}

// Text returns the list as it is kept: a line for each metric, fields separated by tabs.
func Text(list []Info) string {
	var text strings.Builder
	text.WriteString("# Metrics of pmtud beside go_* and process_*: name, type, labels, meaning. Written by \"make generate\".\n")
	for _, i := range list {
		fmt.Fprintln(&text, i)
	}
	return text.String()
}
