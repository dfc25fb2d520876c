package metrics

import "github.com/prometheus/client_golang/prometheus"

// Webhooks counts what became of webhooks, in metrics that it registers with reg:
//
//	towline_registry_webhooks_total{type,result} those of registries
//	towline_forge_webhooks_total{type,result}    those of forges
//
// The functions that it gives count one of a type with a result. An error means that a
// name is taken in reg.
func Webhooks(reg prometheus.Registerer) (registry, forge func(kind, result string), err error) {
	if registry, err = webhooks(reg, "towline_registry_webhooks_total", "Webhooks of registries by type and what became of them."); err != nil {
		return nil, nil, err
	}
	forge, err = webhooks(reg, "towline_forge_webhooks_total", "Webhooks of forges by type and what became of them.")
	return registry, forge, err
}

func webhooks(reg prometheus.Registerer, name, help string) (count func(kind, result string), err error) {
	total := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"type", "result"})
	if err := reg.Register(total); err != nil {
		return nil, err
	}
	return func(kind, result string) { total.WithLabelValues(kind, result).Inc() }, nil
}
