// Answers POST with a JSON object, a row of the model's table, by the labels and scores that fitd predicts for it.
//
// Usage: service MODEL HOST:PORT, as in service iris@champion 127.0.0.1:8080. docs/stubs.md says how to make the stubs.
// FITD_ADDRESS, FITD_TLS_CA and FITD_TOKEN are those of fitctl, but a token needs TLS.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"fitd-sample/fitd"
)

// A prediction changes nothing: it is safe to wait and to repeat it while the daemon restarts. A call that reaches a gRPC
// server in the moment it stops ends with CANCELLED.
const serviceConfig = `{"methodConfig": [{
  "name": [{"service": "fitd.v1.PredictionService"}],
  "timeout": "5s", "waitForReady": true,
  "retryPolicy": {"maxAttempts": 5, "initialBackoff": "0.1s", "maxBackoff": "2s", "backoffMultiplier": 2,
                  "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"]}
}]}`

type bearer string

func (token bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(token)}, nil
}

func (bearer) RequireTransportSecurity() bool { return true }

func connect() (*grpc.ClientConn, error) {
	options := []grpc.DialOption{grpc.WithDefaultServiceConfig(serviceConfig)}
	switch authorities := os.Getenv("FITD_TLS_CA"); authorities {
	case "":
		options = append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))
	case "system":
		options = append(options, grpc.WithTransportCredentials(credentials.NewTLS(nil)))
	default:
		tls, err := credentials.NewClientTLSFromFile(authorities, "")
		if err != nil {
			return nil, err
		}
		options = append(options, grpc.WithTransportCredentials(tls))
	}
	if token := os.Getenv("FITD_TOKEN"); token != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer(token)))
	}
	return grpc.NewClient(cmp.Or(os.Getenv("FITD_ADDRESS"), "127.0.0.1:7474"), options...)
}

func readRow(request *http.Request) (*fitd.RowBatch, error) {
	var cells map[string]any
	if err := json.NewDecoder(request.Body).Decode(&cells); err != nil {
		return nil, err
	}
	batch, row := &fitd.RowBatch{}, &fitd.Row{}
	for column, cell := range cells {
		value := &fitd.Value{}
		switch cell := cell.(type) {
		case nil: // Missing.
		case float64:
			value.Kind = &fitd.Value_Number{Number: cell}
		case string:
			value.Kind = &fitd.Value_Text{Text: cell}
		default:
			return nil, fmt.Errorf("%s is neither a number nor a text", column)
		}
		batch.Columns = append(batch.Columns, column)
		row.Values = append(row.Values, value)
	}
	batch.Rows = []*fitd.Row{row}
	return batch, nil
}

func reply(writer http.ResponseWriter, status int, answer map[string]any) {
	writer.Header().Set("Content-Type", "application/json")
	writer.WriteHeader(status)
	json.NewEncoder(writer).Encode(answer)
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: service MODEL HOST:PORT")
	}
	connection, err := connect()
	if err != nil {
		log.Fatal(err)
	}
	client := fitd.NewPredictionServiceClient(connection)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /", func(writer http.ResponseWriter, request *http.Request) {
		rows, err := readRow(request)
		if err != nil {
			reply(writer, http.StatusBadRequest, map[string]any{"error": err.Error()})
			return
		}
		response, err := client.Predict(request.Context(), &fitd.PredictRequest{
			Model: os.Args[1], Input: &fitd.PredictRequest_Rows{Rows: rows}})
		if status.Code(err) == codes.InvalidArgument {
			reply(writer, http.StatusBadRequest, map[string]any{"error": status.Convert(err).Message()})
		} else if err != nil {
			reply(writer, http.StatusBadGateway, map[string]any{"error": status.Convert(err).Message()})
		} else {
			reply(writer, http.StatusOK, map[string]any{
				"version": response.Version, "labels": response.Labels, "scores": response.Scores})
		}
	})
	listener, err := net.Listen("tcp", os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, mux))
}
