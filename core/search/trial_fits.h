// The fits of a trial, where cross-validation makes them several, and what they come to.

#ifndef FITD_CORE_SEARCH_TRIAL_FITS_H_
#define FITD_CORE_SEARCH_TRIAL_FITS_H_

#include <cstdint>
#include <vector>

#include "fitd/v1/search.pb.h"

namespace fitd {

// How many fits a trial consists of.
int64_t FitsPerTrial(const v1::SearchSpec& spec);

// Which one the fit `number`, from 1, is: its repetition, and its fold or 0.
struct FitPlace {
  int64_t repeat = 1;
  int64_t fold = 0;
};
FitPlace PlaceOfFit(const v1::SearchSpec& spec, int64_t number);

// Gives the training of a trial the seed and the fold of the fit `number`, from 1.
void PutFit(const v1::SearchSpec& spec, int64_t number, v1::TrainingSpec& training);

// The trial's fits; itself where it is one.
std::vector<v1::SearchTrial*> FitsOf(v1::SearchTrial& trial);
std::vector<const v1::SearchTrial*> FitsOf(const v1::SearchTrial& trial);

// Writes into a trial of several fits what they come to so far, whichever of them were ready first;
// `mode` says which of them is the best. Changes nothing where the trial is one fit.
void SumUpFits(v1::MonitorMode mode, v1::SearchTrial& trial);

}  // namespace fitd

#endif  // FITD_CORE_SEARCH_TRIAL_FITS_H_
