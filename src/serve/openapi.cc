#include "serve/openapi.h"

namespace millrace::serve {
namespace {

constexpr std::string_view kVersionMark = "@VERSION@";

// Where a line is too long for the page, its literal ends and the next one goes on.
constexpr std::string_view kDocument =
    R"json({
 "openapi": "3.0.3",
 "info": {
  "title": "millrace",
  "version": "@VERSION@",
  "description": "SQL, predictions, pipelines and models over HTTP. Users and )json"
    R"json(passwords are those of the MySQL side.",
  "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}},
 "security": [{"basic": []}, {"bearer": []}, {}],
 "paths": {
  "/healthz": {
   "get": {
    "summary": "Whether the process lives",
    "operationId": "health",
    "security": [{}],
    "responses": {
     "200": {"description": "It does", "content": {"text/plain": {"schema": )json"
    R"json({"type": "string"}}}}}}},
  "/readyz": {
   "get": {
    "summary": "Whether it takes sessions",
    "operationId": "ready",
    "security": [{}],
    "responses": {
     "200": {"description": "It does", "content": {"text/plain": {"schema": )json"
    R"json({"type": "string"}}}},
     "503": {"description": "Not now", "content": {"text/plain": {"schema": )json"
    R"json({"type": "string"}}}}}}},
  "/metrics": {
   "get": {
    "summary": "Metrics in Prometheus' text format",
    "operationId": "metrics",
    "responses": {
     "200": {"description": "The metrics", "content": {"text/plain": {"schema": )json"
    R"json({"type": "string"}}}},
     "401": {"$ref": "#/components/responses/Unauthorized"},
     "403": {"$ref": "#/components/responses/Forbidden"},
     "503": {"$ref": "#/components/responses/TooMany"}}}},
  "/api/v1/openapi.json": {
   "get": {
    "summary": "This document",
    "operationId": "openapi",
    "security": [{}],
    "responses": {
     "200": {
      "description": "OpenAPI 3.0",
      "content": {"application/json": {"schema": {"type": "object"}}}}}}},
  "/api/v1/sql": {
   "post": {
    "summary": "Run one or several statements",
    "operationId": "sql",
    "requestBody": {
     "required": true,
     "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SqlRequest"}}}},
    "responses": {
     "200": {
      "description": "A result for each statement",
      "content": {
       "application/json": {"schema": {"$ref": "#/components/schemas/SqlResults"}},
       "application/x-ndjson": {
        "schema": {
         "type": "string",
         "description": "With Accept: application/x-ndjson. For each statement a )json"
    R"json(line {\"columns\": [...]}, a line [...] for each row, a line {\"rows\": N, )json"
    R"json(\"rows_changed\": N, \"warnings\": N}. A line {\"error\": {...}} is the last one."}}}},
     "400": {"$ref": "#/components/responses/BadRequest"},
     "401": {"$ref": "#/components/responses/Unauthorized"},
     "403": {"$ref": "#/components/responses/Forbidden"},
     "404": {"$ref": "#/components/responses/NotFound"},
     "413": {"$ref": "#/components/responses/TooLarge"},
     "499": {"$ref": "#/components/responses/Killed"},
     "503": {"$ref": "#/components/responses/TooMany"},
     "504": {"$ref": "#/components/responses/TooLong"},
     "507": {"$ref": "#/components/responses/Exhausted"}}}},
  "/api/v1/models/{model}:predict": {
   "parameters": [
    {
     "name": "model",
     "in": "path",
     "required": true,
     "schema": {"type": "string"},
     "description": "DATABASE.MODEL",
     "example": "dating.m"}],
   "post": {
    "summary": "Predict, in the form of TensorFlow Serving",
    "requestBody": {
     "required": true,
     "content": {"application/json": {"schema": {"$ref": )json"
    R"json("#/components/schemas/PredictRequest"}}}},
    "responses": {
     "200": {
      "description": "A prediction for each instance, in their order",
      "content": {"application/json": {"schema": {"$ref": )json"
    R"json("#/components/schemas/Predictions"}}}},
     "400": {"$ref": "#/components/responses/BadRequest"},
     "401": {"$ref": "#/components/responses/Unauthorized"},
     "403": {"$ref": "#/components/responses/Forbidden"},
     "404": {"$ref": "#/components/responses/NotFound"},
     "413": {"$ref": "#/components/responses/TooLarge"},
     "503": {"$ref": "#/components/responses/TooMany"},
     "504": {"$ref": "#/components/responses/TooLong"}},
    "operationId": "predict"}},
  "/api/v1/models/{model}/versions/{version}:predict": {
   "parameters": [
    {
     "name": "model",
     "in": "path",
     "required": true,
     "schema": {"type": "string"},
     "description": "DATABASE.MODEL",
     "example": "dating.m"},
    {
     "name": "version",
     "in": "path",
     "required": true,
     "schema": {"type": "integer", "minimum": 0},
     "description": "A version that is kept"}],
   "post": {
    "summary": "Predict with a kept version",
    "requestBody": {
     "required": true,
     "content": {"application/json": {"schema": {"$ref": )json"
    R"json("#/components/schemas/PredictRequest"}}}},
    "responses": {
     "200": {
      "description": "A prediction for each instance, in their order",
      "content": {"application/json": {"schema": {"$ref": )json"
    R"json("#/components/schemas/Predictions"}}}},
     "400": {"$ref": "#/components/responses/BadRequest"},
     "401": {"$ref": "#/components/responses/Unauthorized"},
     "403": {"$ref": "#/components/responses/Forbidden"},
     "404": {"$ref": "#/components/responses/NotFound"},
     "413": {"$ref": "#/components/responses/TooLarge"},
     "503": {"$ref": "#/components/responses/TooMany"},
     "504": {"$ref": "#/components/responses/TooLong"}},
    "operationId": "predictWithVersion"}},
  "/api/v1/pipelines": {
   "get": {
    "summary": "All pipelines",
    "operationId": "pipelines",
    "responses": {
     "200": {
      "description": "Their state and progress",
      "content": {
       "application/json": {
        "schema": {
         "type": "object",
         "required": ["pipelines"],
         "properties": {"pipelines": {"type": "array", "items": {"$ref": )json"
    R"json("#/components/schemas/Pipeline"}}}}}}},
     "401": {"$ref": "#/components/responses/Unauthorized"},
     "403": {"$ref": "#/components/responses/Forbidden"},
     "503": {"$ref": "#/components/responses/TooMany"}}}},
  "/api/v1/models": {
   "get": {
    "summary": "All models",
    "operationId": "models",
    "responses": {
     "200": {
      "description": "What they are and have learned",
      "content": {
       "application/json": {
        "schema": {
         "type": "object",
         "required": ["models"],
         "properties": {"models": {"type": "array", "items": {"$ref": )json"
    R"json("#/components/schemas/Model"}}}}}}},
     "401": {"$ref": "#/components/responses/Unauthorized"},
     "403": {"$ref": "#/components/responses/Forbidden"},
     "503": {"$ref": "#/components/responses/TooMany"}}}}},
 "components": {
  "securitySchemes": {"basic": {"type": "http", "scheme": "basic"},
                      "bearer": {"type": "http", "scheme": "bearer"}},
  "responses": {
   "BadRequest": {
    "description": "The request, the statement or an argument of it is wrong",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
   "Unauthorized": {
    "description": "User or password is wrong or missing",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
   "Forbidden": {
    "description": "Not allowed",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
   "NotFound": {
    "description": "A database, table or model does not exist",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
   "TooLarge": {
    "description": "The body is too large",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
   "Killed": {
    "description": "Killed",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
   "TooMany": {
    "description": "Too many requests at work",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
   "TooLong": {
    "description": "Ran longer than it may",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
   "Exhausted": {
    "description": "The answer, memory or disk is full",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}},
  "schemas": {
   "SqlRequest": {
    "type": "object",
    "required": ["sql"],
    "additionalProperties": false,
    "properties": {
     "sql": {"type": "string", "example": "SELECT 1"},
     "database": {"type": "string", "description": "The current database"},
     "timeout_seconds": {"type": "number", "exclusiveMinimum": true, "minimum": 0, )json"
    R"json("maximum": 86400}}},
   "SqlResults": {
    "type": "object",
    "required": ["results"],
    "properties": {
     "results": {
      "type": "array",
      "items": {
       "type": "object",
       "required": ["columns", "rows", "rows_changed", "warnings"],
       "properties": {
        "columns": {
         "type": "array",
         "items": {
          "type": "object",
          "required": ["name", "type"],
          "properties": {"name": {"type": "string"}, "type": {"type": "string", )json"
    R"json("example": "BIGINT"}}}},
        "rows": {"type": "array", "items": {"type": "array", "items": {}}},
        "rows_changed": {"type": "integer"},
        "warnings": {"type": "integer"}}}}}},
   "PredictRequest": {
    "type": "object",
    "required": ["instances"],
    "additionalProperties": false,
    "properties": {
     "signature_name": {
      "type": "string",
      "enum": ["serving_default", "predict", "classify", "classification", )json"
    R"json("regress", "regression"],
      "default": "predict"},
     "instances": {
      "type": "array",
      "minItems": 1,
      "items": {
       "type": "object",
       "description": "The features by name; all instances have the same",
       "example": {"age": 30, "field": "law"}}}}},
   "Predictions": {
    "type": "object",
    "required": ["predictions", "model_versions"],
    "properties": {
     "predictions": {
      "type": "array",
      "items": {
       "nullable": true,
       "description": "predict of a classifier: an object of class_ids, classes, )json"
    R"json(logits, probabilities and, when binary, logistic. classify: an object of )json"
    R"json(classes and scores. Of a regressor: an array of numbers. null: the instance )json"
    R"json(cannot be predicted."}},
     "model_versions": {
      "type": "array",
      "items": {"type": "integer"},
      "description": "Those that answered; more than one only when the model was )json"
    R"json(published meanwhile"}}},
   "Pipeline": {
    "type": "object",
    "properties": {
     "database": {"type": "string"},
     "pipeline": {"type": "string"},
     "state": {"type": "string", "enum": ["Running", "Stopped", "Error"]},
     "batches": {"type": "integer"},
     "messages": {"type": "integer"},
     "rows": {"type": "integer"},
     "rejects": {"type": "integer"},
     "bytes": {"type": "integer"},
     "rows_per_second": {"type": "number", "description": "Of the last minute"},
     "bytes_per_second": {"type": "number"},
     "lag": {"type": "integer", "nullable": true, "description": "null: not known yet"},
     "progress": {"type": "number", "nullable": true,
      "description": "Percent of what the source holds that is read"},
     "eta_seconds": {"type": "number", "nullable": true,
      "description": "Until it has caught up, at the rate of the last minute"},
     "error": {"type": "string", "nullable": true},
     "created_at": {"type": "string"},
     "partitions": {
      "type": "array",
      "nullable": true,
      "items": {
       "type": "object",
       "properties": {
        "partition": {"type": "string"},
        "next_offset": {"type": "integer"},
        "earliest_offset": {"type": "integer", "nullable": true},
        "end_offset": {"type": "integer", "nullable": true},
        "end_offset_age_seconds": {"type": "number", "nullable": true},
        "lag": {"type": "integer", "nullable": true}}}}}},
   "Model": {
    "type": "object",
    "properties": {
     "database": {"type": "string"},
     "model": {"type": "string"},
     "estimator": {"type": "string"},
     "state": {"type": "string", "enum": ["untrained", "training", "trained"]},
     "version": {"type": "integer"},
     "global_step": {"type": "integer"},
     "examples": {"type": "integer"},
     "bytes": {"type": "integer"},
     "drifts": {"type": "integer"},
     "created_at": {"type": "string"},
     "updated_at": {"type": "string"},
     "definition": {"type": "string"},
     "lifetime_loss": {"type": "number", "nullable": true},
     "window_loss": {"type": "number", "nullable": true}}},
   "Error": {
    "type": "object",
    "required": ["error"],
    "properties": {
     "error": {
      "type": "object",
      "required": ["code", "sqlstate", "errno", "message"],
      "properties": {
       "code": {"type": "string", "example": "not-found"},
       "sqlstate": {"type": "string", "example": "42S02"},
       "errno": {"type": "integer", "description": "MySQL's error number"},
       "message": {"type": "string"},
       "detail": {"type": "string"},
       "hint": {"type": "string"},
       "position": {"type": "integer", "description": "Where in the SQL text, in bytes"}}}}}}}}
)json";

}  // namespace

std::string openapi_document(std::string_view version) {
  std::string document(kDocument);
  document.replace(document.find(kVersionMark), kVersionMark.size(), version);
  return document;
}

}  // namespace millrace::serve
