#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/metrics/exposition.h"

namespace tocsin::metrics {

/// A page of these families. Whatever form the names have, the page is right for its format:
///   - counters: TYPE "x_total" in the text format, TYPE "x" in OpenMetrics, samples "x_total";
///   - types that the text format does not know become gauges (info, stateset; gauge histograms a
///     gauge for each kind of sample), unknown is "untyped"; UNIT and exemplars are left out there;
///   - "x_created" samples become a gauge family of their own in the text format;
///   - a name that is no legacy identifier is quoted.
/// Samples keep their order and their labels, `le` and `quantile` included: write bounds with
/// format_value(), so that a series is the same in both formats. Families have samples of one block
/// each and distinct names (the caller's duty).
std::string write_exposition(std::span<const FamilySamples> families, ExpositionFormat format);

/// The families as a page of the text format shows them: names and types that it knows.
std::vector<FamilySamples> text_form(std::span<const FamilySamples> families);

/// Pieces of a page, for writers of whole files: HELP, TYPE and UNIT lines of names that are right
/// for the format already; one sample line; a series, as name{label="value"}; a timestamp, in
/// milliseconds or in OpenMetrics' seconds.
void append_family_header(std::string& out, const FamilyInfo& family, ExpositionFormat format);
void append_sample(std::string& out, const ExpositionSample& sample, ExpositionFormat format);
void append_series(std::string& out, const Labels& labels);
void append_timestamp(std::string& out, Timestamp at, ExpositionFormat format);

/// The shortest text that reads back as the same number, in the spelling of Prometheus' clients:
/// "0.005", "1e+06", "+Inf", "NaN".
std::string format_value(double value);
void append_value(std::string& out, double value);

}  // namespace tocsin::metrics
