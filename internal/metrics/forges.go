package metrics

import "github.com/prometheus/client_golang/prometheus"

// Forges registers with reg the metric of requests to forges' APIs
//
//	towline_forge_requests_total{forge,result}  requests, by kind of forge and what became of them
//
// and returns what counts one. An error means that the name is taken in reg.
func Forges(reg prometheus.Registerer) (count func(forge, result string), err error) {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "towline_forge_requests_total", Help: "Requests to forges, by kind of forge and what became of them.",
	}, []string{"forge", "result"})
	if err := reg.Register(requests); err != nil {
		return nil, err
	}
	return func(forge, result string) { requests.WithLabelValues(forge, result).Inc() }, nil
}
