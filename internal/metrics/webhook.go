package metrics

import "github.com/prometheus/client_golang/prometheus"

// Webhooks counts what became of registries' webhooks, in a metric that it registers
// with reg:
//
//	towline_registry_webhooks_total{type,result}
//
// The function that it gives counts one of a type with a result. An error means that the
// name is taken in reg.
func Webhooks(reg prometheus.Registerer) (count func(kind, result string), err error) {
	total := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "towline_registry_webhooks_total", Help: "Webhooks of registries by type and what became of them.",
	}, []string{"type", "result"})
	if err := reg.Register(total); err != nil {
		return nil, err
	}
	return func(kind, result string) { total.WithLabelValues(kind, result).Inc() }, nil
}
