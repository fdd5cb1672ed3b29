// Package metrics has the metrics of a service for Prometheus.
//
// The service's metrics are in one table ([families]) and read at each scrape. Besides there
// are those that plugins declare ([pipeline.MetricInfo]), those of Go's runtime and of the
// process. Values of labels come from the configuration and from plugins' declarations,
// so the number of series is bounded. Names of servers alone come from packets: at most
// [canary.MaxPeers] of them.
//
// Names and meanings are a contract with dashboards and alerts: configs/metrics.txt
// lists them, and a test compares the list with what the program really says.
package metrics
