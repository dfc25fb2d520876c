package webhook

import (
	"cmp"
	"encoding/json"
	"mime"
	"strings"
)

// structured is the media type of an event whose attributes stand in the body.
const structured = "application/cloudevents+json"

// cloudEvent is an event as its structured form writes it.
type cloudEvent struct {
	SpecVersion string          `json:"specversion"`
	Type        string          `json:"type"`
	Source      string          `json:"source"`
	Data        json.RawMessage `json:"data"`
	DataBase64  []byte          `json:"data_base64"`
}

// parseCloudEvent reads one event of CloudEvents 1.0, in structured mode (content type
// application/cloudevents+json) or in binary mode (the attributes in headers such as
// Ce-Type, the data in the body). A push is an event whose type ends in .pushed,
// .published or .updated, with the data:
//
//	{"registry": "registry.example.com", "repository": "acme/web", "tag": "1.2.0", "digest": "sha256:…"}
//
// The registry may also stand before the repository, or be the host of the event's
// source where that is an http or https address; tag and digest may be missing. Zot's
// zotregistry.image.updated, which says name for repository and reference for tag, is
// understood likewise (Zot names no registry, unless its source is set), and so is
// Harbor's harbor.artifact.pushed. Other types are nothing of interest.
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
// https://zotregistry.dev/latest/articles/events/
func parseCloudEvent(m message) ([]image, error) {
	e, err := readCloudEvent(m)
	if err != nil {
		return nil, err
	}
	if e.Type == harborPushedType {
		var d harborData
		err := decode(e.Data, &d)
		return d.images(), err
	}
	switch e.Type[strings.LastIndexByte(e.Type, '.')+1:] {
	case "pushed", "published", "updated":
	default:
		return nil, nil
	}
	var d struct {
		Registry   string `json:"registry"`
		Repository string `json:"repository"`
		Name       string `json:"name"`
		Tag        string `json:"tag"`
		Reference  string `json:"reference"`
		Digest     string `json:"digest"`
	}
	if err := decode(e.Data, &d); err != nil {
		return nil, err
	}
	i := reference(cmp.Or(d.Repository, d.Name))
	i.host = cmp.Or(d.Registry, i.host, hostOf(e.Source))
	i.tag, i.digest = cmp.Or(d.Tag, d.Reference), d.Digest
	return []image{i}, nil
}

func readCloudEvent(m message) (cloudEvent, error) {
	var e cloudEvent
	if mediaType, _, _ := mime.ParseMediaType(m.header.Get("Content-Type")); mediaType == structured {
		if err := decode(m.body, &e); err != nil {
			return cloudEvent{}, err
		}
		if len(e.Data) == 0 {
			e.Data = e.DataBase64
		}
	} else {
		e = cloudEvent{
			SpecVersion: m.header.Get("Ce-Specversion"), Type: m.header.Get("Ce-Type"), Source: m.header.Get("Ce-Source"),
			Data: m.body,
		}
	}
	if e.SpecVersion != "1.0" || e.Type == "" {
		return cloudEvent{}, errShape
	}
	return e, nil
}
