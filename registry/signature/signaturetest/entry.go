package signaturetest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"

	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/tlog"
)

// sum is how Rekor writes a hash.
type sum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"`
}

// hashedRekord is the entry of a signature over a text (Rekor, hashedrekord 0.0.1).
func hashedRekord(hash sum, signature, verifier []byte) ([]byte, error) {
	return body("hashedrekord", map[string]any{
		"data":      map[string]any{"hash": hash},
		"signature": map[string]any{"content": signature, "publicKey": map[string]any{"content": verifier}},
	})
}

// dsseEntry is the entry of an envelope (Rekor, dsse 0.0.1).
func dsseEntry(envelope, payload sum, signature, verifier []byte) ([]byte, error) {
	return body("dsse", map[string]any{
		"envelopeHash": envelope, "payloadHash": payload,
		"signatures": []any{map[string]any{"signature": base64.StdEncoding.EncodeToString(signature), "verifier": verifier}},
	})
}

func body(kind string, spec any) ([]byte, error) {
	return json.Marshal(map[string]any{"apiVersion": "0.0.1", "kind": kind, "spec": spec})
}

// log enters a body into the transparency log: with its promise, and a proof.
func (s *Signer) log(kind string, body []byte) (*protorekor.TransparencyLogEntry, error) {
	id, err := s.sigstore.services.RekorLogID()
	if err != nil {
		return nil, err
	}
	payload := tlog.RekorPayload{
		Body: base64.StdEncoding.EncodeToString(body), IntegratedTime: s.options.LoggedAt.Unix(), LogID: id,
	}
	promise, err := s.sigstore.services.RekorSignPayload(payload)
	if err != nil {
		return nil, fmt.Errorf("promising to log: %w", err)
	}
	proof, err := s.proof(body)
	if err != nil {
		return nil, fmt.Errorf("proving that it is logged: %w", err)
	}
	key, err := hex.DecodeString(id)
	if err != nil {
		return nil, err
	}
	return &protorekor.TransparencyLogEntry{
		LogId: &protocommon.LogId{KeyId: key}, KindVersion: &protorekor.KindVersion{Kind: kind, Version: "0.0.1"},
		IntegratedTime: payload.IntegratedTime, CanonicalizedBody: body, InclusionProof: proof,
		InclusionPromise: &protorekor.InclusionPromise{SignedEntryTimestamp: promise},
	}, nil
}

func (s *Signer) proof(body []byte) (*protorekor.InclusionProof, error) {
	proof, err := s.sigstore.services.GetInclusionProof(body)
	if err != nil {
		return nil, err
	}
	rootHash, err := hex.DecodeString(*proof.RootHash)
	if err != nil {
		return nil, err
	}
	return &protorekor.InclusionProof{
		LogIndex: *proof.LogIndex, TreeSize: *proof.TreeSize, RootHash: rootHash,
		Checkpoint: &protorekor.Checkpoint{Envelope: *proof.Checkpoint},
	}, nil
}
