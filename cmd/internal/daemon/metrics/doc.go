// Package metrics gives the figures of a service to Prometheus.
//
// All metrics are in one table ([families]) and read when they are asked for: nothing is
// counted twice, and nothing is counted for nobody. Beside the table stand the metrics
// that plugins declare ([pipeline.MetricInfo]), those of Go's runtime and of the
// process. Values of labels come from the configuration and from what plugins
// declare, never from packets, so that the number of series is known beforehand.
//
// Names and meanings are a contract with dashboards and alerts: configs/metrics.txt
// lists them, and a test compares the list with what the program really says.
package metrics
