package webhook

// parseACR reads Azure Container Registry's webhook, one event of distribution's shape
// without an envelope:
//
//	{"action": "push", "target": {"repository", "tag", "digest"}, "request": {"host": "acme.azurecr.io"}}
//
// Its other actions (ping, delete, quarantine, chart_push) are nothing of interest.
// https://learn.microsoft.com/azure/container-registry/container-registry-webhook-reference
func parseACR(m message) ([]image, error) {
	var e event
	if err := decode(m.body, &e); err != nil {
		return nil, err
	}
	if e.Action != "push" {
		return nil, nil
	}
	return []image{e.image()}, nil
}
